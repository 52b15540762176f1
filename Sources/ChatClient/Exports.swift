// The messages that this library's API takes and returns live in a target of their own, which servers share. They are
// exported here, so that a program imports ChatClient and nothing else.

@_exported public import ProtoMessages
