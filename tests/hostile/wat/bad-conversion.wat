;; Not a number, as an integer.
(func $attack (result i32) (i32.trunc_f64_s (f64.const nan)))
