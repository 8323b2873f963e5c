(func $attack (result i32) (loop $for-ever (br $for-ever)) unreachable)
