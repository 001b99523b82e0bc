module example.test/unheard

go 1.26.0

tool example.test/nobody/has/heard/of/it
