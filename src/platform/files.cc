// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "platform/encoding.h"
#include "platform/platform.h"

namespace caisson::platform {
namespace {

class Collection {
 public:
    Collection(const fs::path& folder, const std::vector<std::string>& extensions)
        : folder_(folder), extensions_(extensions) {}

    void read(const fs::path& relative, int depth) {
        const fs::path directory = folder_ / relative;
        std::error_code failure;
        // A link that leads back up would otherwise be followed for ever.
        if (const auto real = fs::canonical(directory, failure);
            failure || !open_.insert(real).second) {
            return;
        } else {
            fs::directory_iterator entry(directory, failure);
            for (const fs::directory_iterator end; !failure && entry != end;
                 entry.increment(failure)) {
                take(*entry, relative / entry->path().filename(), depth);
            }
            open_.erase(real);
        }
        if (failure) {
            mistake({directory.string()},
                    fmt::format("the folder cannot be read: {}", failure.message()));
        }
    }

    std::vector<File> finish() {
        if (!mistakes_.empty()) {
            std::sort(mistakes_.begin(), mistakes_.end());
            throw Error(
                Code::platform_invalid, join(mistakes_, "\n"),
                "files of a platform are readable and UTF-8; save or convert the ones named")
                .at(first_);
        }
        std::sort(files_.begin(), files_.end(),
                  [](const File& a, const File& b) { return a.name < b.name; });
        return std::move(files_);
    }

 private:
    /// The entry knows what it is from reading the folder: asking again would cost a call a file.
    void take(const fs::directory_entry& entry, const fs::path& relative, int depth) {
        const std::string name = relative.filename().string();
        // Hidden files, and what editors leave beside the file that they change.
        if (name.starts_with('.') || name.starts_with('#') || name.ends_with('~')) {
            return;
        }
        std::error_code failure;
        if (entry.is_directory(failure)) {
            if (depth > 0) {
                read(relative, depth - 1);
            }
            return;
        }
        if (has_extension(name)) {
            take_file(entry, relative);
        }
    }

    bool has_extension(const std::string& name) const {
        const auto lowered = lower(name);
        return extensions_.empty() ||
               std::any_of(extensions_.begin(), extensions_.end(), [&](const auto& extension) {
                   return lowered.size() > extension.size() && lowered.ends_with(extension);
               });
    }

    void take_file(const fs::directory_entry& entry, const fs::path& relative) {
        const fs::path path = folder_ / relative;
        std::error_code failure;
        if (!entry.is_regular_file(failure)) {
            // A pipe would make us wait for ever; a broken link is a file that somebody misses.
            mistake({path.string()}, fs::is_symlink(path, failure)
                                         ? "the link leads to no file; expected a file"
                                         : "this is no regular file; expected one");
            return;
        }
        File file{relative.string(), path, {}};
        try {
            file.text = read_file(path);
        } catch (const Error& error) {
            mistake({path.string()}, error.message());
            return;
        }
        if (const auto bad = first_bad_byte(file.text)) {
            const auto position = position_of(file.text, *bad);
            mistake({path.string(), position.line, position.column},
                    file.text[*bad] == '\0'
                        ? "a zero byte, as in UTF-16 or a binary file; expected UTF-8"
                        : fmt::format("the byte 0x{:02X} is not UTF-8; expected UTF-8",
                                      static_cast<unsigned char>(file.text[*bad])));
            return;
        }
        files_.push_back(std::move(file));
    }

    void mistake(const Place& place, const std::string& message) {
        if (mistakes_.empty()) {
            first_ = place;
        }
        mistakes_.push_back(place.text() + ": " + message);
    }

    fs::path folder_;
    const std::vector<std::string>& extensions_;
    std::set<fs::path> open_;
    std::vector<File> files_;
    std::vector<std::string> mistakes_;
    Place first_;
};

}  // namespace

std::vector<File> files_of(const fs::path& folder, const std::vector<std::string>& extensions,
                           int depth) {
    std::error_code failure;
    const auto status = fs::status(folder, failure);
    if (status.type() == fs::file_type::not_found) {
        return {};
    }
    if (!fs::is_directory(status)) {
        throw Error(Code::platform_invalid,
                    failure
                        ? fmt::format("{} cannot be read: {}", folder.string(), failure.message())
                        : fmt::format("{} is a file; expected a folder", folder.string()));
    }
    Collection collection(folder, extensions);
    collection.read({}, depth);
    return collection.finish();
}

}  // namespace caisson::platform
