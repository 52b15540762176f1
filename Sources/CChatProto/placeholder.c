#include "CChatProto.h"
