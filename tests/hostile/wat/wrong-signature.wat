;; A function called as what it is not.
(type $function (func (result i32)))
(table $functions funcref (elem $other))
(func $other (param i64))
(func $attack (result i32) (call_indirect $functions (type $function) (i32.const 0)))
