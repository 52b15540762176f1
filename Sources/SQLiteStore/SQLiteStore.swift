// Sessions on SQLite.

import ChatEngine
internal import GRDB
