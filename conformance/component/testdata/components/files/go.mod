module example.test/files

go 1.26.0
