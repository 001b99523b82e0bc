module example.test/hello

go 1.26.0

tool example.test/hello
