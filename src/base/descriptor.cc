// SPDX-License-Identifier: Apache-2.0
#include "base/descriptor.h"

#include <cerrno>

#include <unistd.h>

namespace caisson {

Descriptor::~Descriptor() {
    if (value >= 0) {
        ::close(value);
    }
}

void write_all(int descriptor, std::string_view bytes, const fs::path& path) {
    while (!bytes.empty()) {
        const auto written = ::write(descriptor, bytes.data(), bytes.size());
        if (written >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno != EINTR) {
            throw_file_error("write", path, errno);
        }
    }
}

}  // namespace caisson
