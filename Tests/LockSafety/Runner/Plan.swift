// The run.
import LockHistories
