// Calls a running server with the ttrpc Go client of Debian's packages, and checks every answer.
//
// Usage: go-client HOST:PORT. The server serves the scripted methods of Tests/ConformancePeer. Prints one line for each
// check that passed, and the first that failed, with which it exits 1. Run by GoClientTests.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	echoService   = "chat.v1.DiagnosticsService"
	scriptService = "test.v1.ScriptService"
	// No check takes longer; a client that waits for ever has found a fault.
	patience = 60 * time.Second
)

// Payload is EchoRequest, and EchoReply, which has the same field.
type Payload struct {
	Payload []byte `protobuf:"bytes,1,opt,name=payload,proto3"`
}

func (m *Payload) Reset()         { *m = Payload{} }
func (m *Payload) String() string { return fmt.Sprintf("%d bytes", len(m.Payload)) }
func (m *Payload) ProtoMessage()  {}

func main() {
	if len(os.Args) != 2 {
		fail("arguments", errors.New("usage: go-client HOST:PORT"))
	}
	connection, err := net.Dial("tcp", os.Args[1])
	if err != nil {
		fail("connect", err)
	}
	client := ttrpc.NewClient(connection, ttrpc.WithUnaryClientInterceptor(serverDeadline))
	defer client.Close()
	for _, check := range []struct {
		name string
		run  func(*ttrpc.Client) error
	}{
		{"echo of every size", echoSizes},
		{"16000 calls, 64 at a time", concurrent},
		{"a deadline at the client", clientDeadline},
		{"a deadline at the server", deadlineAtServer},
		{"unknown names", unknownNames},
		{"a frame above 4 MiB", oversized},
		{"a status with its text", statusText},
		{"metadata", metadata},
		{"echo at the end", func(c *ttrpc.Client) error { return echo(c, []byte("still here")) }},
	} {
		if err := check.run(client); err != nil {
			fail(check.name, err)
		}
		fmt.Println("passed:", check.name)
	}
}

func fail(name string, err error) {
	fmt.Printf("FAILED: %s: %v\n", name, err)
	os.Exit(1)
}

func call(c *ttrpc.Client, service, method string, request, reply interface{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return c.Call(ctx, service, method, request, reply)
}

func echo(c *ttrpc.Client, payload []byte) error {
	var reply Payload
	if err := call(c, echoService, "Echo", &Payload{Payload: payload}, &reply); err != nil {
		return err
	}
	if !bytes.Equal(reply.Payload, payload) {
		return fmt.Errorf("sent %d bytes, and %d others came back", len(payload), len(reply.Payload))
	}
	return nil
}

func echoSizes(c *ttrpc.Client) error {
	// The last one leaves room for the envelope within the limit of 1 MiB.
	for _, size := range []int{0, 1, 128, 4096, 65536, 1<<20 - 64} {
		if err := echo(c, bytes.Repeat([]byte{0xA5}, size)); err != nil {
			return fmt.Errorf("%d bytes: %w", size, err)
		}
	}
	return nil
}

func concurrent(c *ttrpc.Client) error {
	var group sync.WaitGroup
	failures := make(chan error, 64)
	for worker := 0; worker < 64; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			for number := 0; number < 250; number++ {
				if err := echo(c, []byte(strconv.Itoa(worker)+":"+strconv.Itoa(number))); err != nil {
					failures <- err
					return
				}
			}
		}(worker)
	}
	group.Wait()
	close(failures)
	return <-failures
}

func clientDeadline(c *ttrpc.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	err := c.Call(ctx, scriptService, "Hang", &ttrpc.KeyValue{Key: "client"}, &ttrpc.KeyValue{})
	// Client and server watch the same deadline; either may be the first to say so.
	if errors.Is(err, context.DeadlineExceeded) || status.Code(err) == codes.DeadlineExceeded {
		return nil
	}
	return fmt.Errorf("want DeadlineExceeded, got %v", err)
}

// A key in the context under which a check says what timeout_nano to send, whatever the client's own deadline.
type timeoutKey struct{}

func serverDeadline(
	ctx context.Context, request *ttrpc.Request, response *ttrpc.Response, _ *ttrpc.UnaryClientInfo, next ttrpc.Invoker,
) error {
	if timeout, ok := ctx.Value(timeoutKey{}).(time.Duration); ok {
		request.TimeoutNano = timeout.Nanoseconds()
	}
	return next(ctx, request, response)
}

func deadlineAtServer(c *ttrpc.Client) error {
	for _, timeout := range []time.Duration{50 * time.Millisecond, -time.Second} {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		ctx = context.WithValue(ctx, timeoutKey{}, timeout)
		err := c.Call(ctx, scriptService, "Hang", &ttrpc.KeyValue{Key: "server"}, &ttrpc.KeyValue{})
		if status.Code(err) != codes.DeadlineExceeded {
			return fmt.Errorf("want the status DeadlineExceeded, got %v", err)
		}
	}
	return nil
}

func unknownNames(c *ttrpc.Client) error {
	for _, name := range [][2]string{{echoService, "NoSuchMethod"}, {"chat.v1.NoSuchService", "Echo"}} {
		err := call(c, name[0], name[1], &Payload{}, &Payload{})
		if status.Code(err) != codes.Unimplemented {
			return fmt.Errorf("%s/%s: want Unimplemented, got %v", name[0], name[1], err)
		}
	}
	return nil
}

func oversized(c *ttrpc.Client) error {
	for _, size := range []int{1 << 20, 4<<20 + 1, 15 << 20} {
		err := echo(c, make([]byte, size))
		if status.Code(err) != codes.ResourceExhausted {
			return fmt.Errorf("%d bytes: want ResourceExhausted, got %v", size, err)
		}
		details := status.Convert(err).Proto().Details
		if len(details) != 1 || details[0].TypeUrl != "type.googleapis.com/google.rpc.ErrorInfo" {
			return fmt.Errorf("%d bytes: want an ErrorInfo among the details, got %v", size, details)
		}
	}
	return nil
}

func statusText(c *ttrpc.Client) error {
	const text = "the session \u00e9\u4e00 is not there"
	for _, code := range []codes.Code{codes.Canceled, codes.NotFound, codes.Unavailable, codes.Unauthenticated} {
		request := &ttrpc.KeyValue{Key: strconv.Itoa(int(code)), Value: text}
		err := call(c, scriptService, "Fail", request, &ttrpc.KeyValue{})
		if got := status.Convert(err); got.Code() != code || got.Message() != text {
			return fmt.Errorf("want %v with its text, got %v", code, err)
		}
	}
	return nil
}

func metadata(c *ttrpc.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ctx = ttrpc.WithMetadata(ctx, ttrpc.MD{"list": {"1", "2"}})
	// Tell answers with a Request that holds the metadata it got.
	var reply ttrpc.Request
	if err := c.Call(ctx, scriptService, "Tell", &ttrpc.KeyValue{}, &reply); err != nil {
		return err
	}
	if len(reply.Metadata) != 2 || reply.Metadata[0].Value != "1" || reply.Metadata[1].Value != "2" {
		return fmt.Errorf("want two values in order, got %v", reply.Metadata)
	}
	if reply.TimeoutNano == 0 {
		return errors.New("the deadline did not reach the method")
	}
	return nil
}
