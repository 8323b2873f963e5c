struct Appointment;

flowhost_sdk::export!(Appointment);

fn main() {}
