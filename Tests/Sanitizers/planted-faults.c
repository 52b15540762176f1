// Shows that the address sanitizer and the one for undefined behaviour see what they should: each argument plants one
// fault. Built and run by .ci/sanitize.

#include <limits.h>
#include <stdlib.h>
#include <string.h>

// Where the compiler cannot follow a value.
static volatile int sink;

static void use_after_free(void) {
    int *number = malloc(sizeof *number);
    if (number == NULL) abort();
    *number = 1;
    free(number);
    sink = *(volatile int *)number;
}

static void overflow(void) {
    int number = INT_MAX - sink;
    sink = number + 1;
}

int main(int count, char **arguments) {
    const char *fault = count > 1 ? arguments[1] : "none";
    if (strcmp(fault, "use-after-free") == 0) use_after_free();
    if (strcmp(fault, "overflow") == 0) overflow();
    return 0;
}
