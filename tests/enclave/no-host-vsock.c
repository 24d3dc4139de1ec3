/*
 * no-host-vsock COMMAND [ARGUMENT...]: runs it where socket(2) knows no AF_VSOCK, for itself and all that it starts.
 *
 * The tests' virtual machines have a vsock of their own. The machine that runs them may be a guest itself, whose vsock
 * leads to a host that has nothing to do with the tests: neither QEMU nor vhost-device-vsock may ever reach it.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF_EQUAL(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip)
#define IF_AT_LEAST(value, skip) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, value, 0, skip)
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, action)

/* Set in the numbers of the x32 calls, which are a second way to every call. */
#define X32_CALLS 0x40000000

int main(int count, char **arguments)
{
    struct sock_filter rules[] = {
        LOAD(arch),
        IF_EQUAL(AUDIT_ARCH_X86_64, 1),
        BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
        ANSWER(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        IF_AT_LEAST(X32_CALLS, 1),
        ANSWER(SECCOMP_RET_KILL_PROCESS),
        IF_EQUAL(SYS_socket, 3),
        LOAD(args[0]),
        IF_EQUAL(AF_VSOCK, 1),
        ANSWER(SECCOMP_RET_ERRNO | EAFNOSUPPORT),
        ANSWER(SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof rules / sizeof *rules, rules };

    if (count < 2) {
        fputs("usage: no-host-vsock COMMAND [ARGUMENT...]\n", stderr);
        return 2;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        perror("no-host-vsock: seccomp");
        return 125;
    }
    execvp(arguments[1], arguments + 1);
    perror(arguments[1]);
    return 127;
}
