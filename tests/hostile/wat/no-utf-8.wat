;; An overlong slash, half a surrogate pair, a lone continuation byte.
(data (i32.const 2048) "\"\c0\af\ed\a0\80\bf\"")
(func $attack (result i32) (call $answer (i32.const 16) (i32.const 4) (i32.const 2048) (i32.const 8)))
