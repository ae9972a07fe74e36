// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/search.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "lifecycle/sources/naming.h"

namespace caisson::sources {
namespace {

constexpr int deepest = 6;

const std::array<std::string, 12> left_out = {"build", "dist",     "target",   "vendor",
                                              "out",   "bin",      "testdata", "fixtures",
                                              "venv",  "examples", "coverage", "site-packages"};

/// Formats that read folders below a folder would claim all of a project: only where their files
/// begin is the folder.
bool begins_here(const Folder& folder, const Detection& detection) {
    const auto& name = detection.format->name;
    if (name != "flyway" && name != "popx") {
        return true;
    }
    const bool has_scripts =
        std::any_of(folder.files().begin(), folder.files().end(),
                    [](const auto& file) { return extension_of(file) == ".sql"; });
    const auto own = lower(folder.path().filename().string());
    return has_scripts || own.starts_with("migration") || folder.folders().empty();
}

void collect(const fs::path& path, int depth, std::vector<FoundFolder>& found) {
    const Folder folder(path);
    auto detection = detect(folder);
    if (detection.format && begins_here(folder, detection)) {
        found.push_back({path, std::move(detection)});
        return;
    }
    for (std::size_t i = 0; depth > 0 && i < folder.folders().size(); ++i) {
        const auto& name = folder.folders()[i];
        if (std::find(left_out.begin(), left_out.end(), name) == left_out.end() &&
            !fs::is_symlink(path / name)) {
            collect(path / name, depth - 1, found);
        }
    }
}

}  // namespace

std::vector<FoundFolder> find_folders(const fs::path& root) {
    std::vector<FoundFolder> found;
    collect(root, deepest, found);
    return found;
}

}  // namespace caisson::sources
