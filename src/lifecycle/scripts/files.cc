// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scripts/files.h"

#include <cerrno>
#include <memory>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace caisson::scripts {
namespace {

constexpr std::size_t chunk_size = std::size_t{256} << 10U;

class File {
 public:
    explicit File(fs::path path)
        : path_(std::move(path)), descriptor_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC)) {
        if (descriptor_ < 0) {
            throw_file_error("read", path_, errno);
        }
        buffer_.resize(chunk_size);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() { ::close(descriptor_); }

    std::string_view next() {
        while (true) {
            const auto count = ::read(descriptor_, buffer_.data(), buffer_.size());
            if (count >= 0) {
                return {buffer_.data(), static_cast<std::size_t>(count)};
            }
            if (errno != EINTR) {
                throw_file_error("read", path_, errno);
            }
        }
    }

 private:
    fs::path path_;
    int descriptor_;
    std::string buffer_;
};

bool is_below(const fs::path& path, const fs::path& root) {
    const auto relative = path.lexically_relative(root);
    return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

sql::Reader::Source file_source(const fs::path& path) {
    return [file = std::make_shared<File>(path)] { return file->next(); };
}

Found find_file(const Surroundings& surroundings, const fs::path& folder, const std::string& name,
                bool relative, bool exists) {
    if (surroundings.root.empty()) {
        return {{}, name, "this script has no folder that other files could be in"};
    }
    std::error_code error;
    const auto root = fs::weakly_canonical(surroundings.root, error);
    const auto directory = surroundings.directory.empty() ? root : surroundings.directory;
    const auto own = folder.empty() ? root : folder;
    const auto places =
        relative ? std::vector<fs::path>{own} : std::vector<fs::path>{directory, own, root};
    std::string outside;
    for (const auto& place : places) {
        const auto path = fs::weakly_canonical(place / name, error);
        if (error || !is_below(path, root)) {
            outside = fmt::format("\"{}\" lies outside of the folder that scripts may read", name);
            continue;
        }
        if (!exists || fs::is_regular_file(path, error)) {
            return {path, path.lexically_relative(root).generic_string(), {}};
        }
    }
    return {{}, name, !outside.empty() ? outside : fmt::format("there is no file \"{}\"", name)};
}

}  // namespace caisson::scripts
