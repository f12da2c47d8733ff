/** What `sonde-agent --help` prints. */
export const helpText = `Usage: sonde-agent (--listen URL | --unix PATH | --serial DEVICE | --stdio) [options]
       sonde-agent connect [--socket PATH] [--lease SECONDS] [--idle SECONDS] [--no-start]
       sonde-agent key
       sonde-agent pin CERTIFICATE

Stays on the machine that is to be traced and makes system calls for a sonde on another.

Ways in (all but --stdio may be given together and more than once):
  --listen URL       WebSockets over TCP: ws://HOST:PORT or, with TLS 1.3,
                     wss://HOST:PORT (4650 when there is none, 0: any free one)
  --unix PATH        a Unix socket, made with mode 0600
  --serial DEVICE    a serial port, 8 bits, no parity, no flow control
  --relay PATH       a Unix socket for connect; two agents never share one
  --stdio            standard input and output; ends when the input ends

connect speaks over standard input and output with an agent that outlives it: what a
sonde runs on the board over ssh. It starts one when none answers on the socket.
  --socket PATH      where that agent listens (/run/sonde/agent.sock for root,
                     /tmp/sonde-UID/agent.sock for others)
  --no-start         only connect to one that is running

Options:
  --key-file FILE    the key that hosts must prove to have: hexadecimal, base64 or
                     raw, at least 16 bytes; not readable by others
  --tls-cert FILE    for wss://: this agent's certificate, and what is between
                     it and its CA, in PEM
  --tls-key FILE     its private key; not readable by others
  --tls-client-ca FILE
                     let in only hosts with a certificate of this CA
  --baud N           of the serial ports (default 115200)
  --lease SECONDS    how long a host over TCP, a serial line or connect may be
                     silent until its session is ended (default 30)
  --idle SECONDS     end after so long without a session (default for --relay and
                     connect 60, else never); hosts may then also stop the agent
  --allow-programs   let hosts run programs here and read any file (trace -c, system(),
                     cat()); over --stdio, --unix and connect they may anyway
  --max-cpu PERCENT  of one processor: what the agent takes to bring events, on the
                     whole; what comes faster is counted as lost
  --nice N           run after others (19) or before them (-20)
  --cpu LIST         run on these processors alone, as 0 or 0,2-3
  --version          print the version
  -h, --help         print this

Examples:
  sonde-agent --listen ws://127.0.0.1:4650
  sonde-agent key > key && chmod 600 key
  sonde-agent --listen ws://0.0.0.0:4650 --key-file key
  sonde-agent --listen wss://0.0.0.0:4650 --tls-cert crt --tls-key key.pem --key-file key
  sonde-agent --unix /run/sonde-agent.sock
  sonde-agent --serial /dev/ttyS1 --baud 115200 --max-cpu 10 --nice 10 --cpu 1
  ssh root@board sonde-agent connect

Exit codes: 0 fine, 1 the command line is wrong, 2 cannot listen,
3 this machine cannot run an agent, 4 another agent serves the --relay socket.
`;
