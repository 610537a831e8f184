# Connections that ask a lot, and read nothing after the answer to their handshake: stalled-readers.pl <port> <count>.
# Each has the segments of an ordinary network and the smallest receive buffer; the answers fill what the kernel still
# holds, so that everything afterwards is the server's to keep, or not.
use strict;
use warnings;
use IO::Handle;
use Socket qw(:DEFAULT IPPROTO_TCP SO_RCVBUF);

my $TCP_MAXSEG = 2;
my $SEGMENT_BYTES = 1460;
my $SMALLEST_BUFFER = 1;
my $QUESTIONS = 6000;
my ($port, $count) = @ARGV;
my @sockets;

# A text frame with a mask of zeros, which changes nothing.
my $question = "\x81" . chr(0x80 | 9) . "\0\0\0\0" . 'CONSULTAR';

for (1 .. $count) {
  socket(my $socket, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
  setsockopt($socket, SOL_SOCKET, SO_RCVBUF, pack('l', $SMALLEST_BUFFER)) or die "SO_RCVBUF: $!";
  setsockopt($socket, IPPROTO_TCP, $TCP_MAXSEG, pack('l', $SEGMENT_BYTES)) or die "TCP_MAXSEG: $!";
  connect($socket, sockaddr_in($port, inet_aton('127.0.0.1'))) or die "connect: $!";
  syswrite $socket, join "\r\n", 'GET / HTTP/1.1', "Host: 127.0.0.1:$port", 'Connection: Upgrade', 'Upgrade: websocket',
    'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: c3RhbGxlZC1yZWFkZXJzIQ==', '', '';
  my $answer = '';
  while ($answer !~ /\r\n\r\n/) { sysread $socket, $answer, 1, length $answer or die 'no answer to the handshake' }
  die "refused: $answer" unless $answer =~ m{^HTTP/1.1 101 };
  $socket->blocking(0);
  syswrite $socket, $question x $QUESTIONS;
  push @sockets, $socket;
}

$| = 1;
print "ready\n";
sleep;
