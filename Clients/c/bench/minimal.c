/* The smallest program: one call, then it shows what it takes of memory. Usage: minimal ADDRESS */

#include <chatclient.h>
#include <stdio.h>

int main(int argc, char **argv) {
    chat_client *client;
    chat_v1_chat_reply *reply;
    char line[256];
    if (argc != 2 || chat_client_create(argv[1], NULL, &client, NULL) != CHAT_OK) return 1;
    if (chat_ask(client, "s", "hello", NULL, &reply, NULL) != CHAT_OK) return 1;
    chat_v1_chat_reply_destroy(reply);
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmRSS: %*d") == 0 && line[0] == 'V' && line[2] == 'R') fputs(line, stdout);
    chat_client_destroy(client);
    return 0;
}
