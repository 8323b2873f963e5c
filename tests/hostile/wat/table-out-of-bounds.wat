(type $function (func (result i32)))
(table $functions 4 funcref)
(func $attack (result i32) (call_indirect $functions (type $function) (i32.const 4)))
