// The ttrpc Go peer of the benchmarks: an echo server with ttrpc's Go library, and a load client, which works against
// that server and against a chatd with --diagnostics, so that one client can be measured on both.
//
//	ttrpc-peer serve
//	ttrpc-peer load echo --server HOST:PORT [OPTION...]
package main

import (
	"fmt"
	"os"
)

// Exit codes: those of sysexits.h, and 1 when too many calls failed.
const (
	exitCallsFailed = 1
	exitUsage       = 64
	exitUnavailable = 69
)

func main() {
	verb := ""
	if len(os.Args) > 1 {
		verb = os.Args[1]
	}
	switch verb {
	case "serve":
		serve()
	case "load":
		os.Exit(makeLoad(parseOptions(os.Args[2:])))
	default:
		fail(exitUsage, "usage: ttrpc-peer serve|load")
	}
}

func fail(status int, words string) {
	fmt.Fprintln(os.Stderr, words)
	os.Exit(status)
}
