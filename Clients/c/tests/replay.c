/* Feeds each file to what the fuzzer feeds. Usage: replay FILE... */

#include "../fuzz/connection.c"

#include "check.h"

int main(int argc, char **argv) {
    int count = 0;
    for (int i = 1; i < argc; i++) {
        static uint8_t bytes[1 << 20];
        FILE *file = fopen(argv[i], "rb");
        if (!file) continue;
        size_t size = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        feed_connection(bytes, size);
        count++;
    }
    CHECK(count > 0, "no files");
    printf("replay: %d inputs\n", count);
    return 0;
}
