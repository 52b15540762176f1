// The process.
import LockHistories
