// The program.
import LockSafety
