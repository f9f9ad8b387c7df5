/* The floor of a fan-out: one `send` a client and event, and nothing else. Events come from a file, one a line; a line
 * `publish` on the standard input sends the next one, as a WebSocket text frame, to all who are connected. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 100000 };
static int clients[MOST];
static int client_count;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int listen_on_loopback(void) {
  int listening = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listening, (struct sockaddr *)&address, size) || listen(listening, 4096)) die("listen");
  getsockname(listening, (struct sockaddr *)&address, &size);
  printf("port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listening;
}

static void admit(int listening) {
  int client = accept(listening, NULL, NULL), on = 1;
  if (client < 0 || client_count == MOST) die("accept");
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (send(client, "subscribed", 10, 0) != 10) die("greet");
  clients[client_count++] = client;
}

static void publish(FILE *events) {
  static char line[65536], frame[65540];
  if (fgets(line, sizeof line, events) == NULL) die("no event is left");
  size_t size = strcspn(line, "\n");
  frame[0] = (char)0x81;
  frame[1] = 126;
  frame[2] = (char)(size >> 8);
  frame[3] = (char)size;
  memcpy(frame + 4, line, size);
  for (int i = 0; i < client_count; i++)
    if (send(clients[i], frame, size + 4, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)(size + 4)) die("send");
}

int main(int argc, char **argv) {
  FILE *events = argc == 2 ? fopen(argv[1], "r") : NULL;
  if (events == NULL) die("usage: floor EVENTS");
  struct pollfd wanted[2] = {{.fd = 0, .events = POLLIN}, {.fd = listen_on_loopback(), .events = POLLIN}};
  for (;;) {
    char commands[4096];
    if (poll(wanted, 2, -1) < 0) die("poll");
    if (wanted[1].revents) admit(wanted[1].fd);
    if (wanted[0].revents) {
      ssize_t size = read(0, commands, sizeof commands);
      if (size <= 0) return 0;
      for (ssize_t i = 0; i < size; i++)
        if (commands[i] == '\n') publish(events);
    }
  }
}
