/* Runs a program and looks at its system calls about files: lists them, makes one fail or fall short, or kills the
 * program at it. scripts/torture runs it; Linux on x86-64 only.
 *
 *     trace_calls [-l LOG] [-n N ACTION] PROGRAM [ARGUMENT...]
 *
 *   -l LOG   writes a line for each call: NUMBER NAME ARGUMENT... = RESULT; arguments are descriptors, paths with
 *            %xx for spaces, the bytes of writes as hexadecimal digits after an x, and the number that flags or a
 *            position are
 *   -n N     the call with this number, from 1 on ...
 *   -e E     fails with the error E, a number
 *   -s       reads or writes only the first half of what it is asked to
 *   -k       kills the program before it
 *   -w FILE  holds the program before it until FILE is there; makes FILE.held when it holds
 *   -a       with -e: and so do all calls of its kind after it
 *
 * Ends as the program does: with its exit code, or by its signal. Exit 99: this program itself failed. */
#define _GNU_SOURCE /* process_vm_readv */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What an argument is: d descriptor, p path, b bytes whose length is the next argument, n nothing to show. */
struct call {
    long number;
    const char *name, *arguments;
};
static const struct call calls[] = {
    { SYS_open, "open", "p" },
    { SYS_openat, "openat", "dp" },
    { SYS_creat, "creat", "p" },
    { SYS_read, "read", "d" },
    { SYS_pread64, "pread", "d" },
    { SYS_write, "write", "db" },
    { SYS_pwrite64, "pwrite", "db" },
    { SYS_close, "close", "d" },
    { SYS_fsync, "fsync", "d" },
    { SYS_fdatasync, "fdatasync", "d" },
    { SYS_syncfs, "syncfs", "d" },
    { SYS_rename, "rename", "pp" },
    { SYS_renameat, "renameat", "dpdp" },
    { SYS_renameat2, "renameat2", "dpdp" },
    { SYS_link, "link", "pp" },
    { SYS_linkat, "linkat", "dpdp" },
    { SYS_symlink, "symlink", "pp" },
    { SYS_symlinkat, "symlinkat", "pdp" },
    { SYS_unlink, "unlink", "p" },
    { SYS_unlinkat, "unlinkat", "dp" },
    { SYS_mkdir, "mkdir", "p" },
    { SYS_mkdirat, "mkdirat", "dp" },
    { SYS_rmdir, "rmdir", "p" },
    { SYS_ftruncate, "ftruncate", "d" },
    { SYS_lseek, "lseek", "d" },
    { SYS_fcntl, "fcntl", "d" },
    { SYS_flock, "flock", "d" },
    { SYS_getdents64, "getdents", "d" },
    { SYS_stat, "stat", "p" },
    { SYS_lstat, "lstat", "p" },
    { SYS_fstat, "fstat", "d" },
    { SYS_newfstatat, "fstatat", "dp" },
    { SYS_statx, "statx", "dp" },
    { SYS_access, "access", "p" },
    { SYS_readlink, "readlink", "p" },
    { SYS_mmap, "mmap", "n" },
};
enum { NCALLS = sizeof calls / sizeof *calls };

struct options {
    const char *log, *wait;
    unsigned long at;
    int error;
    bool shorten, kill, all;
};

static void die(const char *what)
{
    perror(what);
    _exit(99);
}

static const struct call *call_of(long number)
{
    for (int i = 0; i < NCALLS; i++)
        if (calls[i].number == number)
            return &calls[i];
    return NULL;
}

/* The program stops before each of these calls, and runs freely between them. */
static void install_filter(void)
{
    struct sock_filter code[NCALLS + 4];
    size_t n = 0;
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < NCALLS; i++)
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i].number,
                                                 (uint8_t)(NCALLS - i), 0);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    struct sock_fprog program = { .len = (unsigned short)n, .filter = code };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        die("seccomp");
}

static size_t copy_from(pid_t pid, unsigned long long at, void *to, size_t n)
{
    const struct iovec here = { to, n }, there = { (void *)(uintptr_t)at, n };
    const ssize_t k = process_vm_readv(pid, &here, 1, &there, 1, 0);
    return k < 0 ? 0 : (size_t)k;
}

static void print_path(FILE *f, pid_t pid, unsigned long long at)
{
    char text[4096];
    size_t n = 0;
    while (n < sizeof text - 1) { /* up to the end of a page at a time: the next may not be there */
        const size_t part = 4096 - (size_t)((at + n) % 4096), room = sizeof text - 1 - n;
        const size_t k = copy_from(pid, at + n, text + n, part < room ? part : room);
        if (k == 0 || memchr(text + n, '\0', k)) {
            n += k;
            break;
        }
        n += k;
    }
    text[n] = '\0';
    fputc(' ', f);
    for (const char *p = text; *p; p++)
        fprintf(f, *p == ' ' || *p == '\n' || *p == '%' ? "%%%02x" : "%c", (unsigned char)*p);
}

static void print_bytes(FILE *f, pid_t pid, unsigned long long at, long long n)
{
    unsigned char *bytes = n > 0 ? malloc((size_t)n) : NULL;
    const size_t k = bytes ? copy_from(pid, at, bytes, (size_t)n) : 0;
    fputs(" x", f);
    for (size_t i = 0; i < k; i++)
        fprintf(f, "%02x", bytes[i]);
    free(bytes);
}

/* r: the registers before the call; a path may be gone after it. */
static void print_call(FILE *f, pid_t pid, unsigned long number, const struct call *c,
                       const struct user_regs_struct *r)
{
    const unsigned long long v[6] = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 };
    fprintf(f, "%lu %s", number, c->name);
    for (size_t i = 0; c->arguments[i]; i++)
        switch (c->arguments[i]) {
        case 'd': fprintf(f, " %d", (int)v[i]); break;
        case 'p': print_path(f, pid, v[i]); break;
        case 'b': print_bytes(f, pid, v[i], (long long)v[i + 1]); break;
        default: break;
        }
    if (c->number == SYS_openat || c->number == SYS_fcntl)
        fprintf(f, " %lld", (long long)v[2]);
    if (c->number == SYS_ftruncate || c->number == SYS_pwrite64)
        fprintf(f, " %lld", (long long)v[c->number == SYS_pwrite64 ? 3 : 1]);
}

struct state {
    const struct options *o;
    FILE *log;
    unsigned long count;
    const struct call *failing; /* the kind of call that fails from now on */
};

static void wait_for(const char *file)
{
    const struct timespec moment = { 0, 1000000 };
    char held[4096];
    snprintf(held, sizeof held, "%s.held", file);
    FILE *f = fopen(held, "we");
    if (!f || fclose(f) != 0)
        die(held);
    for (int i = 0; i < 60000 && access(file, F_OK) != 0; i++)
        nanosleep(&moment, NULL);
}

/* close() gives up the descriptor even when it fails. */
static void fail_after(pid_t pid, int error)
{
    struct user_regs_struct r;
    int status;
    if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) != 0 || waitpid(pid, &status, __WALL) != pid ||
        !WIFSTOPPED(status) || ptrace(PTRACE_GETREGS, pid, NULL, &r) != 0)
        return;
    r.rax = (unsigned long long)-error;
    if (ptrace(PTRACE_SETREGS, pid, NULL, &r) != 0)
        die("setregs");
}

/* The program stands before a call. */
static void at_call(struct state *s, pid_t pid)
{
    struct user_regs_struct r;
    if (ptrace(PTRACE_GETREGS, pid, NULL, &r) != 0)
        return; /* it was killed meanwhile */
    const struct call *c = call_of((long)r.orig_rax);
    const unsigned long number = ++s->count;
    const bool here = number == s->o->at;
    if (!c)
        return;
    if (s->log)
        print_call(s->log, pid, number, c, &r);
    if (here && s->o->kill)
        kill(pid, SIGKILL);
    if (here && s->o->wait)
        wait_for(s->o->wait);
    if (here && s->o->shorten && r.rdx > 1)
        r.rdx /= 2;
    if (here && s->o->error && c->number == SYS_close) {
        fail_after(pid, s->o->error);
        return;
    }
    if ((here && s->o->error) || (s->failing == c && !here)) {
        r.orig_rax = (unsigned long long)-1;
        r.rax = (unsigned long long)-s->o->error;
        if (s->o->all)
            s->failing = c;
    }
    if (here && ptrace(PTRACE_SETREGS, pid, NULL, &r) != 0 && !s->o->kill)
        die("setregs");
    else if (s->failing == c && ptrace(PTRACE_SETREGS, pid, NULL, &r) != 0)
        die("setregs");
}

/* Lets the call happen, and writes what it gave. Only one thread is traced so, which -j 1 holds. */
static void log_result(struct state *s, pid_t pid)
{
    struct user_regs_struct r;
    int status;
    if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == 0 && waitpid(pid, &status, __WALL) == pid &&
        WIFSTOPPED(status) && ptrace(PTRACE_GETREGS, pid, NULL, &r) == 0)
        fprintf(s->log, " = %lld\n", (long long)r.rax);
    else
        fputs(" = ?\n", s->log);
}

static int follow(struct state *s, pid_t first)
{
    int status, code = 99;
    for (;;) {
        const pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0)
            return code;
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (pid == first)
                code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
            continue;
        }
        int pass = 0;
        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) {
            at_call(s, pid);
            if (s->log)
                log_result(s, pid);
        } else if (status >> 16 == 0 && WSTOPSIG(status) != SIGTRAP && WSTOPSIG(status) != SIGSTOP)
            pass = WSTOPSIG(status);
        ptrace(PTRACE_CONT, pid, NULL, pass);
    }
}

int main(int argc, char **argv)
{
    struct options o = { 0 };
    int c;
    while ((c = getopt(argc, argv, "+l:n:e:w:ska")) != -1)
        switch (c) {
        case 'l': o.log = optarg; break;
        case 'n': o.at = strtoul(optarg, NULL, 10); break;
        case 'e': o.error = atoi(optarg); break;
        case 's': o.shorten = true; break;
        case 'k': o.kill = true; break;
        case 'w': o.wait = optarg; break;
        case 'a': o.all = true; break;
        default: return 99;
        }
    if (optind >= argc)
        return 99;
    const pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
            die("ptrace");
        raise(SIGSTOP);
        install_filter();
        execv(argv[optind], argv + optind);
        die(argv[optind]);
    }
    struct state s = { .o = &o, .log = o.log ? fopen(o.log, "we") : NULL };
    int status;
    if ((o.log && !s.log) || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
        die("cannot begin");
    const long events = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC;
    if (ptrace(PTRACE_SETOPTIONS, pid, NULL, events) != 0 || ptrace(PTRACE_CONT, pid, NULL, NULL) != 0)
        die("ptrace");
    const int code = follow(&s, pid);
    if (s.log && fclose(s.log) != 0)
        die(o.log);
    if (code >= 0)
        return code;
    const struct rlimit no_core = { 0, 0 };
    setrlimit(RLIMIT_CORE, &no_core);
    signal(-code, SIG_DFL);
    raise(-code);
    return 99;
}
