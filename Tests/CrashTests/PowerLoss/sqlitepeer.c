// A small program on Debian's SQLite, without any of the service's code: what the power cut is tried out on, and an
// independent eye on databases.
//
//   sqlitepeer commit DATABASE COUNT SYNCHRONOUS   adds so many rows, a transaction each, in WAL mode, and prints each
//                                                  row's number once it is committed
//   sqlitepeer rows DATABASE                       prints the numbers of the rows, in order
//   sqlitepeer check DATABASE                      prints what PRAGMA integrity_check says: "ok" for a sound one

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static sqlite3 *database;

static void fail(const char *what) {
    printf("%s: %s\n", what, sqlite3_errmsg(database));
    exit(1);
}

static void run(const char *text) {
    if (sqlite3_exec(database, text, NULL, NULL, NULL) != SQLITE_OK) fail(text);
}

static void print_all(const char *text) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(database, text, -1, &statement, NULL) != SQLITE_OK) fail(text);
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        printf("%s\n", (const char *)sqlite3_column_text(statement, 0));
    }
    if (code != SQLITE_DONE) fail(text);
    sqlite3_finalize(statement);
}

static void commit(int count, const char *synchronous) {
    char text[512];
    run("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=8");
    snprintf(text, sizeof text, "PRAGMA synchronous=%s", synchronous);
    run(text);
    run("CREATE TABLE IF NOT EXISTS row (number INTEGER PRIMARY KEY, filler TEXT)");
    for (int index = 0; index < count; index++) {
        // Some rows fit on a page with others, some take pages of their own.
        int filler = index % 7 == 0 ? 6000 : 100;
        snprintf(text, sizeof text, "INSERT INTO row (filler) VALUES (hex(randomblob(%d)))", filler);
        run(text);
        snprintf(text, sizeof text, "%lld\n", (long long)sqlite3_last_insert_rowid(database));
        if (write(1, text, strlen(text)) < 0) exit(1);
    }
}

int main(int count, char **words) {
    if (count < 3) return 64;
    if (sqlite3_open(words[2], &database) != SQLITE_OK) fail("open");
    if (!strcmp(words[1], "commit") && count == 5) commit(atoi(words[3]), words[4]);
    else if (!strcmp(words[1], "rows")) print_all("SELECT number FROM row ORDER BY number");
    else if (!strcmp(words[1], "check")) print_all("PRAGMA integrity_check");
    else return 64;
    sqlite3_close(database);
    return 0;
}
