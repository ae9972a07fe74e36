// SPDX-License-Identifier: Apache-2.0
#include "base/append.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"

namespace caisson {
namespace {}  // namespace

void append_line(const fs::path& path, std::string_view line, mode_t mode,
                 const std::optional<Account>& owner) {
    const Descriptor file(::open(
        path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, mode));
    struct stat status {};
    if (file.value < 0 || ::fstat(file.value, &status) != 0) {
        throw_file_error("write", path, errno);
    }
    // Another name of somebody else's file is a link too.
    if (!S_ISREG(status.st_mode) || status.st_nlink != 1) {
        throw_file_error("write", path, ELOOP);
    }
    char last = '\n';
    if (status.st_size > 0) {
        if (::pread(file.value, &last, 1, status.st_size - 1) < 0) {
            throw_file_error("read", path, errno);
        }
    } else if (owner && ::geteuid() == 0 && ::fchown(file.value, owner->user, owner->group) != 0) {
        throw_file_error("change the owner of", path, errno);
    }
    write_all(file.value, (last == '\n' ? "" : "\n") + std::string(line) + "\n", path);
    if (::fsync(file.value) != 0) {
        throw_file_error("write", path, errno);
    }
}

}  // namespace caisson
