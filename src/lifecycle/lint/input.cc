// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/lint/input.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "lifecycle/sources/load.h"

namespace caisson::lint {
namespace {

/// How files of other tools say that they want no transaction, each in a comment of its own.
constexpr std::array<std::string_view, 4> apart = {"+goose NO TRANSACTION", "transaction:false",
                                                   "atlas:txmode none", "notransaction"};

bool wants_no_transaction(std::string_view text, const std::string& file) {
    std::vector<sources::Mistake> mistakes;
    return sources::read_directives(text, file, mistakes).no_transaction ||
           std::any_of(apart.begin(), apart.end(), [&](std::string_view words) {
               return text.find(words) != std::string_view::npos;
           });
}

Input bare_file(const fs::path& path) {
    auto text = std::make_shared<const std::string>(read_file(path));
    auto view = std::string_view(*text);
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    if (view.rfind(mark, 0) == 0) {
        view.remove_prefix(mark.size());
    }
    Input input;
    input.files = 1;
    const auto name = path.lexically_normal().string();
    const bool is_down = name.size() > 9 && name.substr(name.size() - 9) == ".down.sql";
    input.scripts.push_back({name, view, is_down, !wants_no_transaction(view, name), true});
    input.held.push_back(std::move(text));
    return input;
}

Input bare_folder(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& entry :
         fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied)) {
        if (entry.path().extension() == ".sql" && entry.is_regular_file()) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    Input input;
    for (const auto& file : files) {
        input.append(bare_file(file));
    }
    return input;
}

/// A folder as a source of migrations; nothing where its files are none.
std::optional<Input> source_at(const fs::path& folder) {
    platform::Source source;
    source.name = folder.lexically_normal().string();
    if (source.name.size() > 1 && source.name.back() == '/') {
        source.name.pop_back();
    }
    source.path = folder;
    try {
        auto input = scripts_of(sources::load({source}, {}), platform::TransactionScope::file,
                                [](const auto&) { return true; });
        for (auto& script : input.scripts) {
            script.file = fs::path(script.file).lexically_normal().string();
        }
        return input.files > 0 ? std::optional(std::move(input)) : std::nullopt;
    } catch (const Error&) {
        return std::nullopt;
    }
}

/// Some files of one folder: what the folder's format makes of them, after the files before them;
/// where it has none, each by itself.
Input files_in(const fs::path& folder, const std::vector<fs::path>& files) {
    std::set<std::string> wanted;
    for (const auto& file : files) {
        wanted.insert(file.lexically_normal().string());
    }
    auto source = source_at(folder);
    std::set<std::string> seen;
    if (source) {
        for (auto& script : source->scripts) {
            script.report = wanted.contains(script.file);
            if (script.report) {
                seen.insert(script.file);
            }
        }
        source->files = seen.size();
        source->notes.clear();
    }
    Input input = seen.empty() ? Input() : std::move(*source);
    for (const auto& file : files) {
        if (!seen.contains(file.lexically_normal().string())) {
            input.append(bare_file(file));
        }
    }
    return input;
}

}  // namespace

void Input::append(Input other) {
    scripts.insert(scripts.end(), other.scripts.begin(), other.scripts.end());
    files += other.files;
    notes.insert(notes.end(), other.notes.begin(), other.notes.end());
    held.insert(held.end(), other.held.begin(), other.held.end());
}

Input scripts_of(std::vector<sources::Migration> migrations, platform::TransactionScope scope,
                 const std::function<bool(const sources::Migration&)>& is_wanted) {
    Input input;
    const auto held =
        std::make_shared<const std::vector<sources::Migration>>(std::move(migrations));
    const auto add = [&](const sources::Script& script, bool is_down, bool wanted) {
        if (script.is_streamed) {
            input.notes.push_back(fmt::format("{}: too large to be looked at", script.file));
            return;
        }
        input.scripts.push_back(
            {script.file, script.text, is_down,
             scope != platform::TransactionScope::none && !script.directives.no_transaction,
             wanted});
    };
    for (const auto& migration : *held) {
        if (migration.kind == sources::Kind::program) {
            input.notes.push_back(
                fmt::format("{}: not SQL, so it is not looked at", migration.up.file));
            continue;
        }
        const bool wanted = is_wanted(migration);
        add(migration.up, false, wanted);
        if (migration.down && wanted) {
            add(*migration.down, true, wanted);
            input.files += migration.down->file == migration.up.file ? 0 : 1;
        }
        input.files += wanted ? 1 : 0;
    }
    input.held.push_back(held);
    return input;
}

Input scripts_at(const std::vector<fs::path>& paths) {
    Input input;
    std::vector<fs::path> folders;
    std::map<fs::path, std::vector<fs::path>> files;
    for (const auto& path : paths) {
        if (!fs::exists(path)) {
            throw Error(Code::usage, fmt::format("{} does not exist", path.string()),
                        "name files or folders of migrations");
        }
        if (fs::is_directory(path)) {
            auto source = source_at(path);
            input.append(source ? std::move(*source) : bare_folder(path));
            continue;
        }
        const auto folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
        if (files[folder].empty()) {
            folders.push_back(folder);
        }
        files[folder].push_back(path);
    }
    for (const auto& folder : folders) {
        input.append(files_in(folder, files[folder]));
    }
    return input;
}

}  // namespace caisson::lint
