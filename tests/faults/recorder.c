/* Records what a program asks of the disk, so that power.py can tell what a power cut may leave of it.
 *
 * Preloaded (LD_PRELOAD) under an unmodified program. For files under the folder named by CXR_RECORD_FOLDER (an
 * absolute path without links) it appends one record to the file named by CXR_RECORD_LOG for each operation that
 * succeeded: made, cut or extended, written, synced, renamed, linked, removed; and for each sync of a folder.
 * SQLite's -shm is no durable state (it is mapped, and rebuilt) and is left out. Everything else passes untouched.
 *
 * The operation and its record happen under one lock of the log (flock), opened anew for each of them. So the order of
 * the records is the order of the operations, among threads and processes and over fork and exec; nothing is kept that
 * a program could close; and who holds that lock can kill a recorded program without leaving an operation unrecorded.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* power.py reads this layout: disk.py, HEADER; then the path, the other path, the data. */
struct record {
    char kind; /* C made, T cut to a length, E extended to a length, W written, S synced, D folder synced,
                  R renamed, U removed, L linked */
    char unused[3];
    uint32_t path_length, other_length, pid;
    uint64_t inode, offset, data_length;
};

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) \
        real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static ssize_t plain_write(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    return real(fd, parts, count);
}

static int plain_open(const char *path, int flags) {
    REAL(int, "open64", const char *, int, ...);
    return real(path, flags);
}

/* Whether a path without links is ours to record. */
static int ours(const char *path) {
    const char *folder = getenv("CXR_RECORD_FOLDER");
    if (!folder || !*folder || !getenv("CXR_RECORD_LOG"))
        return 0;
    size_t length = strlen(folder), whole = strlen(path);
    if (strncmp(path, folder, length) || (path[length] && path[length] != '/'))
        return 0;
    return whole < 4 || strcmp(path + whole - 4, "-shm");
}

/* The path of an open file or folder when it is ours; the kind of the file must be one of `kinds`. */
static int ours_by_fd(int fd, mode_t kind, struct stat *found, char path[PATH_MAX]) {
    int before = errno, mine = 0;
    char name[40];
    if (!fstat(fd, found) && (found->st_mode & S_IFMT) == kind) {
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(name, path, PATH_MAX - 1);
        if (length > 0) {
            path[length] = 0;
            mine = ours(path);
        }
    }
    errno = before;
    return mine;
}

/* A path as it stands in the folder, its last part not followed. */
static int ours_by_path(int dirfd, const char *given, char path[PATH_MAX]) {
    int before = errno, mine = 0;
    char joined[PATH_MAX], folder[PATH_MAX], name[40];
    if (!getenv("CXR_RECORD_FOLDER") || !given || !*given)
        return 0;
    if (*given == '/' || dirfd == AT_FDCWD) {
        mine = snprintf(joined, sizeof joined, "%s%s", *given == '/' ? "" : "./", given) < (int)sizeof joined;
    } else {
        snprintf(name, sizeof name, "/proc/self/fd/%d", dirfd);
        ssize_t length = readlink(name, folder, sizeof folder - 1);
        folder[length > 0 ? length : 0] = 0;
        mine = length > 0 && snprintf(joined, sizeof joined, "%s/%s", folder, given) < (int)sizeof joined;
    }
    if (mine) {
        char *slash = strrchr(joined, '/');
        *slash = 0;
        mine = realpath(slash == joined ? "/" : joined, folder) != NULL &&
               snprintf(path, PATH_MAX, "%s/%s", strcmp(folder, "/") ? folder : "", slash + 1) < PATH_MAX && ours(path);
    }
    errno = before;
    return mine;
}

static int lock(void) {
    int before = errno;
    int log = plain_open(getenv("CXR_RECORD_LOG"), O_WRONLY | O_APPEND | O_CLOEXEC);
    while (log >= 0 && flock(log, LOCK_EX) && errno == EINTR)
        ;
    if (log < 0)
        abort(); /* a recording with holes would say that all is well */
    errno = before;
    return log;
}

static void unlock(int log) {
    int before = errno;
    flock(log, LOCK_UN); /* a child that was forked meanwhile has the same lock */
    close(log);
    errno = before;
}

static void note(int log, char kind, uint64_t inode, uint64_t offset, const char *path, const char *other,
                 const struct iovec *data, int parts, size_t length) {
    int before = errno;
    struct record head = {.kind = kind, .inode = inode, .offset = offset, .data_length = length, .pid = getpid()};
    head.path_length = strlen(path);
    head.other_length = other ? strlen(other) : 0;
    struct iovec all[IOV_MAX];
    int count = 3;
    size_t left = length, whole = sizeof head + head.path_length + head.other_length + length;
    all[0] = (struct iovec){&head, sizeof head};
    all[1] = (struct iovec){(void *)path, head.path_length};
    all[2] = (struct iovec){(void *)other, head.other_length};
    for (int part = 0; part < parts && left && count < IOV_MAX; part++) {
        size_t size = data[part].iov_len < left ? data[part].iov_len : left;
        all[count++] = (struct iovec){data[part].iov_base, size};
        left -= size;
    }
    if (left || plain_write(log, all, count) != (ssize_t)whole)
        abort();
    errno = before;
}

static void note_path(int log, char kind, uint64_t inode, uint64_t offset, const char *path, const char *other) {
    note(log, kind, inode, offset, path, other, NULL, 0, 0);
}

/* --- opening ------------------------------------------------------------------------------------------------- */

static int opened(int (*real)(int, const char *, int, ...), int dirfd, const char *given, int flags, mode_t mode) {
    char path[PATH_MAX];
    struct stat found;
    if (!(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE || !ours_by_path(dirfd, given, path))
        return real(dirfd, given, flags, mode);
    int log = lock(), before = errno;
    int there = lstat(path, &found) == 0;
    errno = before;
    int fd = real(dirfd, given, flags, mode);
    if (fd >= 0 && !fstat(fd, &found) && S_ISREG(found.st_mode)) {
        if (!there)
            note_path(log, 'C', found.st_ino, 0, path, NULL);
        else if (flags & O_TRUNC)
            note_path(log, 'T', found.st_ino, 0, path, NULL);
    }
    unlock(log);
    return fd;
}

#define MODE(flags, last) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | __O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, last); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        MODE(flags, flags) \
        REAL(int, "openat64", int, const char *, int, ...); \
        return opened(real, AT_FDCWD, path, flags, mode); \
    }
#define OPENAT(name) \
    int name(int dirfd, const char *path, int flags, ...) { \
        MODE(flags, flags) \
        REAL(int, "openat64", int, const char *, int, ...); \
        return opened(real, dirfd, path, flags, mode); \
    }
#define OPEN_2(name) \
    int name(const char *path, int flags) { \
        REAL(int, "openat64", int, const char *, int, ...); \
        return opened(real, AT_FDCWD, path, flags, 0); \
    }
#define CREAT(name) \
    int name(const char *path, mode_t mode) { \
        REAL(int, "openat64", int, const char *, int, ...); \
        return opened(real, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
OPEN_2(__open_2)
OPEN_2(__open64_2)
CREAT(creat)
CREAT(creat64)

/* --- writing ------------------------------------------------------------------------------------------------- */

/* Where write() would put its bytes. */
static off_t place(int fd, const struct stat *found) {
    return fcntl(fd, F_GETFL) & O_APPEND ? found->st_size : lseek(fd, 0, SEEK_CUR);
}

static void wrote(int log, off_t offset, const struct stat *found, const char *path, const struct iovec *data, int parts,
                  ssize_t done) {
    if (done > 0)
        note(log, 'W', found->st_ino, offset, path, NULL, data, parts, done);
    unlock(log);
}

ssize_t write(int fd, const void *data, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    struct stat found;
    char path[PATH_MAX];
    if (!ours_by_fd(fd, S_IFREG, &found, path))
        return real(fd, data, size);
    int log = lock();
    fstat(fd, &found);
    off_t offset = place(fd, &found);
    ssize_t done = real(fd, data, size);
    wrote(log, offset, &found, path, &(struct iovec){(void *)data, size}, 1, done);
    return done;
}

ssize_t writev(int fd, const struct iovec *data, int parts) {
    struct stat found;
    char path[PATH_MAX];
    if (!ours_by_fd(fd, S_IFREG, &found, path))
        return plain_write(fd, data, parts);
    int log = lock();
    fstat(fd, &found);
    off_t offset = place(fd, &found);
    ssize_t done = plain_write(fd, data, parts);
    wrote(log, offset, &found, path, data, parts, done);
    return done;
}

#define PWRITE(name) \
    ssize_t name(int fd, const void *data, size_t size, off_t offset) { \
        REAL(ssize_t, "pwrite64", int, const void *, size_t, off_t); \
        struct stat found; \
        char path[PATH_MAX]; \
        if (!ours_by_fd(fd, S_IFREG, &found, path)) \
            return real(fd, data, size, offset); \
        int log = lock(); \
        ssize_t done = real(fd, data, size, offset); \
        wrote(log, offset, &found, path, &(struct iovec){(void *)data, size}, 1, done); \
        return done; \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define PWRITEV(name) \
    ssize_t name(int fd, const struct iovec *data, int parts, off_t offset) { \
        REAL(ssize_t, "pwritev64", int, const struct iovec *, int, off_t); \
        struct stat found; \
        char path[PATH_MAX]; \
        if (!ours_by_fd(fd, S_IFREG, &found, path)) \
            return real(fd, data, parts, offset); \
        int log = lock(); \
        ssize_t done = real(fd, data, parts, offset); \
        wrote(log, offset, &found, path, data, parts, done); \
        return done; \
    }
PWRITEV(pwritev)
PWRITEV(pwritev64)

/* --- lengths and syncs --------------------------------------------------------------------------------------- */

#define ON_FILE(kind, offset, call) \
    struct stat found; \
    char path[PATH_MAX]; \
    if (!ours_by_fd(fd, S_IFREG, &found, path)) \
        return call; \
    int log = lock(), done = call; \
    if (!done) \
        note_path(log, kind, found.st_ino, offset, path, NULL); \
    unlock(log); \
    return done;

#define FTRUNCATE(name) \
    int name(int fd, off_t length) { \
        REAL(int, "ftruncate64", int, off_t); \
        ON_FILE('T', length, real(fd, length)) \
    }
FTRUNCATE(ftruncate)
FTRUNCATE(ftruncate64)

#define TRUNCATE(name) \
    int name(const char *given, off_t length) { \
        REAL(int, "truncate64", const char *, off_t); \
        struct stat found; \
        char path[PATH_MAX]; \
        if (!ours_by_path(AT_FDCWD, given, path)) \
            return real(given, length); \
        int log = lock(), done = real(given, length); \
        if (!done && !stat(path, &found)) \
            note_path(log, 'T', found.st_ino, length, path, NULL); \
        unlock(log); \
        return done; \
    }
TRUNCATE(truncate)
TRUNCATE(truncate64)

#define POSIX_FALLOCATE(name) \
    int name(int fd, off_t offset, off_t length) { \
        REAL(int, "posix_fallocate64", int, off_t, off_t); \
        ON_FILE('E', offset + length, real(fd, offset, length)) \
    }
POSIX_FALLOCATE(posix_fallocate)
POSIX_FALLOCATE(posix_fallocate64)

#define FALLOCATE(name) \
    int name(int fd, int mode, off_t offset, off_t length) { \
        REAL(int, "fallocate64", int, int, off_t, off_t); \
        if (mode) \
            return real(fd, mode, offset, length); /* holes: nobody here makes them, and the replay would tell */ \
        ON_FILE('E', offset + length, real(fd, mode, offset, length)) \
    }
FALLOCATE(fallocate)
FALLOCATE(fallocate64)

#define SYNC(name) \
    int name(int fd) { \
        REAL(int, #name, int); \
        struct stat found; \
        char path[PATH_MAX]; \
        char kind = ours_by_fd(fd, S_IFREG, &found, path) ? 'S' : ours_by_fd(fd, S_IFDIR, &found, path) ? 'D' : 0; \
        if (!kind) \
            return real(fd); \
        int log = lock(), done = real(fd); \
        if (!done) \
            note_path(log, kind, found.st_ino, 0, path, NULL); \
        unlock(log); \
        return done; \
    }
SYNC(fsync)
SYNC(fdatasync)

/* --- names --------------------------------------------------------------------------------------------------- */

static int removed(int (*real)(int, const char *, int), int dirfd, const char *given, int flags) {
    struct stat found;
    char path[PATH_MAX];
    if (flags & AT_REMOVEDIR || !ours_by_path(dirfd, given, path))
        return real(dirfd, given, flags);
    int log = lock(), before = errno;
    uint64_t inode = lstat(path, &found) ? 0 : found.st_ino;
    errno = before;
    int done = real(dirfd, given, flags);
    if (!done)
        note_path(log, 'U', inode, 0, path, NULL);
    unlock(log);
    return done;
}

int unlinkat(int dirfd, const char *path, int flags) {
    REAL(int, "unlinkat", int, const char *, int);
    return removed(real, dirfd, path, flags);
}

int unlink(const char *path) {
    REAL(int, "unlinkat", int, const char *, int);
    return removed(real, AT_FDCWD, path, 0);
}

static int renamed(int from_folder, const char *from, int to_folder, const char *to, unsigned int flags) {
    REAL(int, "renameat2", int, const char *, int, const char *, unsigned int);
    struct stat found;
    char path[PATH_MAX], other[PATH_MAX];
    int leaves = ours_by_path(from_folder, from, path), comes = ours_by_path(to_folder, to, other);
    if (!leaves && !comes)
        return real(from_folder, from, to_folder, to, flags);
    if (!leaves || !comes || flags)
        abort(); /* over the border of the folder: nobody here does it, and no record would say it */
    int log = lock(), done = real(from_folder, from, to_folder, to, flags);
    if (!done)
        note_path(log, 'R', lstat(other, &found) ? 0 : found.st_ino, 0, path, other);
    unlock(log);
    return done;
}

int rename(const char *from, const char *to) {
    return renamed(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    return renamed(from_folder, from, to_folder, to, 0);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned int flags) {
    return renamed(from_folder, from, to_folder, to, flags);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    REAL(int, "linkat", int, const char *, int, const char *, int);
    struct stat found;
    char path[PATH_MAX];
    if (!ours_by_path(to_folder, to, path))
        return real(from_folder, from, to_folder, to, flags);
    int log = lock(), done = real(from_folder, from, to_folder, to, flags);
    if (!done)
        note_path(log, 'L', lstat(path, &found) ? 0 : found.st_ino, 0, path, NULL);
    unlock(log);
    return done;
}

int link(const char *from, const char *to) {
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}
