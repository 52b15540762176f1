module chatclient/example

go 1.19
