// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The first and only program of the test guest: run the tests of /tests/list,
 * report over a virtio-serial port, power off.
 *
 * One static binary, so that the guest needs no shell, no busybox and no file
 * of the host. The stream on the port is
 *
 *	SERIESTOOL-BEGIN <nonce>
 *	# kernel: <uname -r>: <first line of /proc/version>
 *	KTAP version 1
 *	1..<tests>
 *	  # Subtest: <name>
 *	  <output of the test, two spaces in front of every line>
 *	ok|not ok <number> <name>[ # SKIP| # exit=N| # signal=N| # timeout| # not started: <why>]
 *	SERIESTOOL-END <nonce> <tests>
 *
 * (KTAP version 1: Documentation/dev-tools/ktap.rst). A stream without its END
 * line is no verdict. Output of a test never starts in column 0 and holds no
 * control character but the tab, so it can imitate none of these lines.
 *
 * Only poll(), pipes and signals are used to supervise: a tiny kernel has no
 * epoll, signalfd or pidfd.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORT_NAME	"org.seriestool.verdict"
#define PORTS		"/sys/class/virtio-ports"
#define TEST_LIST	"/tests/list"
#define NONCE_KEY	"seriestool.nonce="
#define EXIT_SKIP	4		/* KSFT_SKIP of tools/testing/selftests */
#define MAX_OUTPUT	(1024 * 1024)	/* bytes kept of one test */
#define MAX_CONSOLE	(64 * 1024)	/* of them echoed: an emulated UART takes 7 s for 1 MiB */
#define MAX_ARGS	64
#define MAX_TIMEOUT	(24 * 60 * 60)	/* seconds */
#define PORT_WAIT_MS	3000		/* ports appear from a kernel work queue */
#define STALL_MS	10000		/* the host has to take output in this time */
#define DRAIN_BUDGET	(64 * 1024)	/* bytes between two looks at the clock */
#define GRACE_MS	2000		/* for killed processes to go away */

struct test {
	char *name;
	char *argv[MAX_ARGS + 1];
	long timeout;			/* seconds, 0: the line was not understood */
};

enum ending { EXITED, SIGNALED, TIMED_OUT, NOT_STARTED };

struct result {
	enum ending how;
	int number;			/* exit status, signal or errno */
};

struct child {
	pid_t pid;
	int status;			/* of waitpid(), once it is dead */
	bool dead;
};

static int port = -1;

/* Since the guest booted, which is never the 24 days that a long of 32 bits can count. */
static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000L + ts.tv_nsec / 1000000L;
}

static void pause_ms(long ms)
{
	poll(NULL, 0, ms);
}

/* PID 1 must never return: the kernel would panic and hide what went before. */
static void __attribute__((noreturn)) power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	/* Only if that was refused; a restart ends QEMU, too (-no-reboot). */
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

static void to_console(const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;		/* for humans only: never a reason to stop */
		bytes += n;
		len -= n;
	}
}

static void __attribute__((format(printf, 1, 2))) complain(const char *format, ...)
{
	char line[512];
	va_list args;
	int n;

	n = snprintf(line, sizeof(line), "seriestool-init: ");
	va_start(args, format);
	vsnprintf(line + n, sizeof(line) - n, format, args);
	va_end(args);
	to_console(line, strlen(line));
	to_console("\n", 1);
}

/*
 * The port is opened non-blocking: a blocking write to virtio-serial spins in
 * the kernel with interrupts off until the host took the bytes, and could never
 * be given up. POLLOUT on a virtio port says that it took all earlier ones.
 */
static bool port_ready(void)
{
	long end = now_ms() + STALL_MS;

	for (;;) {
		struct pollfd p = { .fd = port, .events = POLLOUT };
		long left = end - now_ms();
		int n = poll(&p, 1, left > 0 ? left : 0);

		if (n > 0)
			return p.revents & POLLOUT;
		if (n < 0 && errno != EINTR)
			return false;
		if (left <= 0)
			return false;
	}
}

static void to_port(const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(port, bytes, len);

		if (n > 0) {
			bytes += n;
			len -= n;
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else if (n < 0 && errno != EAGAIN) {
			complain("verdict port: %s", strerror(errno));
			power_off();
		} else if (!port_ready()) {
			complain("the host does not read the verdict port");
			power_off();
		}
	}
}

static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
	va_list args;
	char *line;
	int n;

	va_start(args, format);
	n = vasprintf(&line, format, args);
	va_end(args);
	if (n < 0) {
		complain("out of memory");
		power_off();
	}
	to_port(line, n);
	to_console(line, n);
	free(line);
}

/* The whole file, with a NUL behind it, or NULL with errno. */
static char *read_file(const char *path)
{
	size_t len = 0, room = 4096;
	char *text = malloc(room);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && text) {
		ssize_t n = read(fd, text + len, room - len - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		if (!n) {
			close(fd);
			text[len] = '\0';
			return text;
		}
		len += n;
		if (len + 1 == room) {
			char *more = realloc(text, room *= 2);

			if (!more)
				break;
			text = more;
		}
	}
	free(text);
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void mount_one(const char *type, const char *where)
{
	mkdir(where, 0755);
	/* EBUSY: the kernel mounted devtmpfs itself (CONFIG_DEVTMPFS_MOUNT). */
	if (mount(type, where, type, 0, NULL) && errno != EBUSY)
		complain("mount %s on %s: %s", type, where, strerror(errno));
}

/* Descriptors 0 to 2 exist afterwards, whatever the initramfs held. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		fd = open("/dev/null", O_RDWR);
	if (fd < 0)
		return;
	while (fd < 2) {
		int next = dup(fd);

		if (next < 0)
			return;
		fd = next;
	}
	if (fd > 2) {
		for (int i = 0; i < 3; i++)
			dup2(fd, i);
		close(fd);
	}
}

/* Put the name of the device file of the port into `device`. */
static bool find_port(char *device, size_t room)
{
	DIR *ports = opendir(PORTS);
	struct dirent *entry;
	bool found = false;

	if (!ports)
		return false;
	while (!found && (entry = readdir(ports))) {
		char path[512];
		char *name;

		snprintf(path, sizeof(path), PORTS "/%s/name", entry->d_name);
		name = read_file(path);
		if (!name)
			continue;
		name[strcspn(name, "\n")] = '\0';
		found = !strcmp(name, PORT_NAME);
		free(name);
		if (found)
			snprintf(device, room, "/dev/%s", entry->d_name);
	}
	closedir(ports);
	return found;
}

static bool open_port(void)
{
	long end = now_ms() + PORT_WAIT_MS;
	char device[300];

	do {
		if (find_port(device, sizeof(device))) {
			port = open(device, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
			if (port >= 0)
				return true;
		}
		pause_ms(10);
	} while (now_ms() < end);
	return false;
}

/* The value after `key` on the kernel's command line, or "-". */
static char *boot_option(const char *key)
{
	char *line = read_file("/proc/cmdline");
	char *word, *rest = NULL;

	for (word = line ? strtok_r(line, " \n", &rest) : NULL; word;
	     word = strtok_r(NULL, " \n", &rest))
		if (!strncmp(word, key, strlen(key)) && word[strlen(key)])
			return word + strlen(key);
	return "-";
}

static void say_kernel(void)
{
	char *version = read_file("/proc/version");
	struct utsname u;

	uname(&u);
	if (version)
		version[strcspn(version, "\n")] = '\0';
	say("# kernel: %s: %s\n", u.release, version ? version : u.version);
	free(version);
}

/* One line `<name> <timeout seconds> <path> [args]`; false if it names nothing. */
static bool parse_test(char *line, struct test *test)
{
	char *word, *rest = NULL, *end;
	int n = 0;

	memset(test, 0, sizeof(*test));
	test->name = strtok_r(line, " \t\r", &rest);
	if (!test->name || test->name[0] == '#')
		return false;
	word = strtok_r(NULL, " \t\r", &rest);
	if (!word || !isdigit((unsigned char)*word))
		return true;
	errno = 0;
	test->timeout = strtol(word, &end, 10);
	while (n < MAX_ARGS && (word = strtok_r(NULL, " \t\r", &rest)))
		test->argv[n++] = word;
	if (errno || *end || !n || strtok_r(NULL, " \t\r", &rest) ||
	    test->timeout > MAX_TIMEOUT)
		test->timeout = 0;
	return true;
}

/* The tests of the list, in memory that is never freed; their number in *count. */
static struct test *parse_list(char *text, int *count)
{
	struct test *tests = NULL;
	char *line, *rest = NULL;
	int n = 0;

	for (line = text ? strtok_r(text, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest)) {
		tests = realloc(tests, (n + 1) * sizeof(*tests));
		if (!tests) {
			complain("out of memory");
			power_off();
		}
		if (parse_test(line, &tests[n]))
			n++;
	}
	*count = n;
	return tests;
}

/* What goes out while a test runs. */
struct sink {
	size_t taken;			/* bytes of the test so far */
	size_t echoed;			/* bytes sent to the console */
	bool mid_line;
	bool cut;
};

/* All goes to the port. The console is slow, and a test must not time out for that. */
static void sink_emit(struct sink *sink, const char *bytes, size_t len)
{
	static const char more[] = "\n  # the rest is on the verdict port only\n";

	to_port(bytes, len);
	if (sink->echoed >= MAX_CONSOLE)
		return;
	to_console(bytes, len);
	sink->echoed += len;
	if (sink->echoed >= MAX_CONSOLE)
		to_console(more, sizeof(more) - 1);
}

static void sink_write(struct sink *sink, const char *bytes, size_t len)
{
	char out[8192];
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = bytes[i];

		if (!sink->mid_line) {
			out[used++] = ' ';
			out[used++] = ' ';
		}
		sink->mid_line = c != '\n';
		if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
			c = '?';
		out[used++] = c;
		if (used > sizeof(out) - 4) {
			sink_emit(sink, out, used);
			used = 0;
		}
	}
	sink_emit(sink, out, used);
}

static void sink_end_line(struct sink *sink)
{
	if (sink->mid_line)
		sink_write(sink, "\n", 1);
}

static void sink_take(struct sink *sink, const char *bytes, size_t len)
{
	size_t keep = MAX_OUTPUT - sink->taken;

	if (keep > len)
		keep = len;
	sink_write(sink, bytes, keep);
	sink->taken += keep;
	if (keep < len && !sink->cut) {
		sink->cut = true;
		sink_end_line(sink);
		sink_write(sink, "# output cut\n", 13);
	}
}

/*
 * Pass on what is in the pipe, at most `budget` bytes, so that a test that
 * never stops talking does not keep us from looking at the clock.
 * False at the end of the output.
 */
static bool drain(int fd, struct sink *sink, size_t budget)
{
	char bytes[4096];
	size_t seen = 0;

	while (seen < budget) {
		ssize_t n = read(fd, bytes, sizeof(bytes));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		if (!n)
			return false;
		sink_take(sink, bytes, n);
		seen += n;
	}
	return true;
}

static void __attribute__((noreturn)) run_child(const struct test *test, int output)
{
	static char *const environment[] = {
		"PATH=/bin:/sbin:/usr/bin:/usr/sbin", "HOME=/tmp", "LC_ALL=C", NULL
	};
	char *path = test->argv[0];
	char *slash = strrchr(path, '/');
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	setpgid(0, 0);
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);

	/* kselftests expect to be started in their own directory. */
	if (path[0] == '/' && slash > path) {
		*slash = '\0';
		if (chdir(path))
			dprintf(STDOUT_FILENO, "# chdir %s: %s\n", path, strerror(errno));
		*slash = '/';
	}
	execve(path, test->argv, environment);
	dprintf(STDOUT_FILENO, "# cannot run %s: %s\n", path, strerror(errno));
	_exit(127);
}

/* Reap what is dead and note the end of `leader`. False when no child is left. */
static bool reap(struct child *leader)
{
	int status;

	for (;;) {
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid <= 0)
			return !pid;
		if (pid == leader->pid) {
			leader->status = status;
			leader->dead = true;
		}
	}
}

/*
 * Leave nothing of a test behind: in PID 1, kill(-1) reaches every other process,
 * also those that left the process group. What does not die in GRACE_MS
 * (uninterruptible sleep) is given up.
 */
static void clean_up(struct child *leader)
{
	long end = now_ms() + GRACE_MS;

	do {
		kill(-1, SIGKILL);
		if (!reap(leader))
			return;
		pause_ms(1);
	} while (now_ms() < end);
}

/* Wait for output, the death of a child, or the end of the time. */
static void wait_event(int fd, long ms, const sigset_t *while_waiting)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };
	struct pollfd p = { .fd = fd, .events = POLLIN };

	ppoll(&p, 1, &ts, while_waiting);
}

/* Pass on the output of `leader` until it ends or its time is over. False: the latter. */
static bool watch(struct child *leader, int fd, long timeout, struct sink *sink,
		  const sigset_t *while_waiting)
{
	long end = now_ms() + timeout * 1000;
	bool talking = true;

	for (;;) {
		long left = end - now_ms();

		if (left <= 0)
			return false;
		/* A negative descriptor is ignored by ppoll(). */
		wait_event(talking ? fd : -1, left, while_waiting);
		if (talking)
			talking = drain(fd, sink, DRAIN_BUDGET);
		reap(leader);
		if (leader->dead)
			return true;
	}
}

static struct result supervise(pid_t pid, int fd, long timeout, const sigset_t *while_waiting)
{
	struct child leader = { .pid = pid };
	struct sink sink = { 0 };
	bool in_time = watch(&leader, fd, timeout, &sink, while_waiting);
	long end;

	if (!in_time)
		kill(-pid, SIGKILL);
	clean_up(&leader);

	/* The writers are gone, so this ends; the clock is for those we gave up. */
	end = now_ms() + GRACE_MS;
	while (drain(fd, &sink, DRAIN_BUDGET) && now_ms() < end)
		wait_event(fd, 10, while_waiting);
	sink_end_line(&sink);

	if (!in_time)
		return (struct result){ TIMED_OUT, 0 };
	if (WIFSIGNALED(leader.status))
		return (struct result){ SIGNALED, WTERMSIG(leader.status) };
	return (struct result){ EXITED, WEXITSTATUS(leader.status) };
}

static struct result run_test(const struct test *test, const sigset_t *while_waiting)
{
	struct result result = { NOT_STARTED, 0 };
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC)) {
		result.number = errno;
		return result;
	}
	pid = fork();
	if (!pid)
		run_child(test, ends[1]);
	if (pid < 0)
		result.number = errno;
	close(ends[1]);
	if (pid > 0) {
		setpgid(pid, pid);	/* in both: whoever comes first */
		fcntl(ends[0], F_SETFL, O_NONBLOCK);
		result = supervise(pid, ends[0], test->timeout, while_waiting);
	}
	close(ends[0]);
	return result;
}

static void say_result(int number, const char *name, struct result result)
{
	bool ok = false;
	char note[64] = "";

	switch (result.how) {
	case EXITED:
		ok = result.number == 0 || result.number == EXIT_SKIP;
		if (result.number == EXIT_SKIP)
			snprintf(note, sizeof(note), " # SKIP");
		else if (!ok)
			snprintf(note, sizeof(note), " # exit=%d", result.number);
		break;
	case SIGNALED:
		snprintf(note, sizeof(note), " # signal=%d", result.number);
		break;
	case TIMED_OUT:
		snprintf(note, sizeof(note), " # timeout");
		break;
	case NOT_STARTED:
		snprintf(note, sizeof(note), " # not started: %s", strerror(result.number));
		break;
	}
	say("%s %d %s%s\n", ok ? "ok" : "not ok", number, name, note);
}

static void wake_up(int signal)
{
	(void)signal;			/* its arrival ends ppoll(), nothing else */
}

/* SIGCHLD only arrives inside ppoll(), so that none is missed; the mask for there is stored. */
static void prepare_signals(sigset_t *while_waiting)
{
	struct sigaction action = { .sa_handler = wake_up };
	sigset_t child;

	sigaction(SIGCHLD, &action, NULL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, while_waiting);
	sigdelset(while_waiting, SIGCHLD);
}

static void run_all(const char *nonce)
{
	sigset_t while_waiting;
	struct test *tests;
	char *list;
	int count, why;

	prepare_signals(&while_waiting);
	list = read_file(TEST_LIST);
	why = errno;
	say("SERIESTOOL-BEGIN %s\n", nonce);
	say_kernel();
	if (!list)
		say("# " TEST_LIST ": %s\n", strerror(why));
	tests = parse_list(list, &count);
	say("KTAP version 1\n1..%d\n", count);
	for (int i = 0; i < count; i++) {
		struct result result = { NOT_STARTED, EINVAL };

		say("  # Subtest: %s\n", tests[i].name);
		if (tests[i].timeout)
			result = run_test(&tests[i], &while_waiting);
		say_result(i + 1, tests[i].name, result);
	}
	say("SERIESTOOL-END %s %d\n", nonce, count);
}

int main(void)
{
	if (getpid() != 1) {
		fprintf(stderr, "seriestool-init: only for PID 1 of a test guest\n");
		return 1;
	}
	mount_one("devtmpfs", "/dev");
	open_console();
	mount_one("proc", "/proc");
	mount_one("sysfs", "/sys");
	mount_one("tmpfs", "/tmp");
	if (!open_port()) {
		complain("no verdict port");
		power_off();
	}
	run_all(boot_option(NONCE_KEY));
	port_ready();			/* all bytes are with the host */
	fsync(port);			/* EINVAL on today's driver, harmless */
	close(port);
	power_off();
}
