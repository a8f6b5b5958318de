use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

/// The program, ended with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn the_program_says_where_it_listens_and_writes_the_port_down() {
    let directory = std::env::temp_dir().join(format!("crieur-sandbox-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let port_file = directory.join("port");
    let mut command = Command::new(env!("CARGO_BIN_EXE_crieur-sandbox"));
    command.args(["--port", "0", "--port-file"]).arg(&port_file).stdout(Stdio::piped());
    let mut program = Program(command.spawn().unwrap());
    let mut lines = BufReader::new(program.0.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    let port: u16 = line.strip_prefix("sandbox listening on http://127.0.0.1:").unwrap().parse().unwrap();
    let written = || std::fs::read_to_string(&port_file).unwrap_or_default();
    let patience = std::time::Instant::now();
    while written() != port.to_string() && patience.elapsed().as_secs() < 10 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(written(), port.to_string());
    std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn a_wrong_argument_is_named() {
    for (arguments, why) in [(["--port", "x"], "not a port"), (["--colour", "red"], "not known")] {
        let output = Command::new(env!("CARGO_BIN_EXE_crieur-sandbox")).args(arguments).output().unwrap();
        assert!(!output.status.success());
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(why) && told.contains("usage:"), "{told}");
    }
}
