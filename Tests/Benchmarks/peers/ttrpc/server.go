// The server: chat.v1.DiagnosticsService/Echo as ttrpc's library serves it by default.
package main

import (
	"context"
	"fmt"
	"net"

	"github.com/containerd/ttrpc"
)

const (
	serviceName = "chat.v1.DiagnosticsService"
	methodName  = "Echo"
)

func serve() {
	server, err := ttrpc.NewServer()
	if err != nil {
		fail(exitUnavailable, err.Error())
	}
	server.Register(serviceName, map[string]ttrpc.Method{methodName: echo})
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		fail(exitUnavailable, err.Error())
	}
	fmt.Printf("listening on %s\n", listener.Addr())
	fail(exitUnavailable, server.Serve(context.Background(), listener).Error())
}

func echo(_ context.Context, unmarshal func(interface{}) error) (interface{}, error) {
	var request echoMessage
	if err := unmarshal(&request); err != nil {
		return nil, err
	}
	return &request, nil
}
