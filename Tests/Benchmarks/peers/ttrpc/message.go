// EchoRequest and EchoReply of proto/chat/v1/diagnostics.proto, which have the same one field. By hand what the
// generator makes for ttrpc's users, so that the peer does not pay for reflection; no generator is needed to build it.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const payloadTag = 1<<3 | 2

var errMalformed = errors.New("not one field of bytes")

type echoMessage struct {
	payload []byte
}

func (m *echoMessage) Reset()         { *m = echoMessage{} }
func (m *echoMessage) String() string { return fmt.Sprintf("%d bytes", len(m.payload)) }
func (m *echoMessage) ProtoMessage()  {}

// XXX_Size is an upper bound of what XXX_Marshal appends.
func (m *echoMessage) XXX_Size() int { return 1 + binary.MaxVarintLen32 + len(m.payload) }

func (m *echoMessage) XXX_Marshal(to []byte, _ bool) ([]byte, error) {
	if len(m.payload) == 0 {
		return to, nil
	}
	to = append(to, payloadTag)
	to = binary.AppendUvarint(to, uint64(len(m.payload)))
	return append(to, m.payload...), nil
}

func (m *echoMessage) XXX_Unmarshal(from []byte) error {
	if len(from) == 0 {
		return nil
	}
	size, width := binary.Uvarint(from[1:])
	if from[0] != payloadTag || width <= 0 || size != uint64(len(from)-1-width) {
		return errMalformed
	}
	// The library uses the frame's buffer again.
	m.payload = append([]byte(nil), from[1+width:]...)
	return nil
}
