struct Appointment;
struct Survey;

flowhost_sdk::export!(Appointment, Survey);

fn main() {}
