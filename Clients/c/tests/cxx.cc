// The header in C++: it compiles without a word, and links.
#include "chatclient.h"

int main() { return chat_abi_version() == 1 && CHAT_V1_WHEN_BUSY_WAIT == 1 ? 0 : 1; }
