;; Clears the reader's screen, changes its title, and forges the next line.
(import "host" "write" (func $write (param i32 i32 i32)))
(data (i32.const 2048) "\1b[2J\1b]0;owned\07red\0aERROR forged line\0d\c2\9b31m\e2\80\aeevil")
(func $attack (result i32) (call $write (i32.const 2) (i32.const 2048) (i32.const 48)) (call $honest))
