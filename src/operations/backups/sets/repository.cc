// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/sets/repository.h"

#include <algorithm>
#include <cerrno>
#include <vector>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/append.h"
#include "base/crypto.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"

namespace caisson::backups {
namespace {

namespace json = boost::json;

constexpr std::size_t block_bytes = std::size_t{1} << 20U;

void flush(const fs::path& directory) {
    const Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened.value < 0 || ::fsync(opened.value) != 0) {
        throw_file_error("flush", directory, errno);
    }
}

void give_name(const fs::path& from, const fs::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) {
        throw_file_error("rename", from, errno);
    }
    flush(to.parent_path());
}

/// What lies in a directory; nothing in one that is not there. That it cannot be read is an error
/// and not the same as that nothing is there.
std::vector<std::string> names_in(const fs::path& directory) {
    std::vector<std::string> names;
    std::error_code failure;
    for (fs::directory_iterator entry(directory, failure), end; !failure && entry != end;
         entry.increment(failure)) {
        names.push_back(entry->path().filename().string());
    }
    if (failure && failure != std::errc::no_such_file_or_directory &&
        failure != std::errc::not_a_directory) {
        throw_file_error("read", directory, failure.value());
    }
    return names;
}

std::string text_of(const json::object& object, std::string_view name) {
    const auto* const found = object.if_contains(name);
    return found ? std::string(found->as_string()) : std::string();
}

std::vector<Hold> holds_of(const std::string& text) {
    std::vector<Hold> holds;
    const auto value = json::parse(text);
    for (const auto& entry : value.as_array()) {
        const auto& object = entry.as_object();
        holds.push_back({text_of(object, "set"), text_of(object, "reason"), text_of(object, "by"),
                         text_of(object, "at"), text_of(object, "until")});
    }
    return holds;
}

/// Reads a file block by block.
template <typename Use>
void read_blocks(int descriptor, const fs::path& path, Use use) {
    std::vector<char> block(block_bytes);
    while (true) {
        interrupt::check();
        const auto got = ::read(descriptor, block.data(), block.size());
        if (got > 0) {
            use(std::string_view(block.data(), static_cast<std::size_t>(got)));
        } else if (got == 0) {
            return;
        } else if (errno != EINTR) {
            throw_file_error("read", path, errno);
        }
    }
}

}  // namespace

Repository::Repository(std::string name, fs::path path, std::optional<Account> owner,
                       fs::path declared)
    : name_(std::move(name)),
      path_(std::move(path)),
      owner_(std::move(owner)),
      declared_(std::move(declared)) {}

void Repository::prepare() const {
    std::error_code ignored;
    if (!declared_.empty() && !fs::is_directory(declared_, ignored)) {
        throw Error(Code::state_unusable,
                    fmt::format("the directory of the repository {} is not there: {}", name_,
                                declared_.string()),
                    "mount its disk, or make the directory")
            .with("path", declared_.string());
    }
    make_directory(path_, 0700, owner_);
    make_directory(path_ / "sets", 0700, owner_);
    make_directory(path_ / "receipts", 0700, owner_);
}

std::optional<Absence> Repository::absence() const {
    std::error_code failure;
    const fs::directory_iterator readable(path_ / "sets", failure);
    if (!failure) {
        return std::nullopt;
    }
    if (failure == std::errc::no_such_file_or_directory) {
        return Absence{fmt::format("the repository {} is not there: {}", name_, path_.string()),
                       false};
    }
    return Absence{fmt::format("the repository {} cannot be read: {}: {}", name_, path_.string(),
                               failure.message()),
                   true};
}

FileLock Repository::lock(std::string_view purpose) const {
    auto lock = FileLock::try_lock(path_ / "lock", purpose);
    if (!lock) {
        throw Error(Code::locked,
                    fmt::format("the repository {} is in use by {}", name_,
                                FileLock::holder(path_ / "lock")),
                    "wait until that is done");
    }
    if (owner_ && ::geteuid() == 0 &&
        ::lchown((path_ / "lock").c_str(), owner_->user, owner_->group) != 0) {
        throw_file_error("change the owner of", path_ / "lock", errno);
    }
    return std::move(*lock);
}

std::vector<Found> Repository::sets() const {
    std::vector<Found> found;
    for (const auto& id : names_in(path_ / "sets")) {
        if (is_id(id)) {
            if (auto set = find(id)) {
                found.push_back(std::move(*set));
            }
        }
    }
    std::ranges::sort(found, {}, [](const Found& each) { return begin_of(each.set); });
    return found;
}

bool Repository::has_physical() const {
    const auto names = names_in(path_ / "sets");
    return std::ranges::any_of(names, [](const std::string& name) {
        const auto kind = is_id(name) ? split(name, '-') : std::vector<std::string>();
        return kind.size() == 3 && kind_named(kind[1]).value_or(Kind::logical) != Kind::logical;
    });
}

std::optional<Found> Repository::find(const std::string& id) const {
    std::error_code ignored;
    if (!is_id(id) || !fs::is_directory(directory_of(id), ignored)) {
        return std::nullopt;
    }
    Found found;
    found.set.id = id;
    try {
        const auto text = read_own(directory_of(id) / "set.json");
        if (!text) {
            found.mistake = "its manifest is missing";
            return found;
        }
        found.json = *text;
        found.set = parse_set(*text);
        if (found.set.id != id) {
            found.mistake = fmt::format("its manifest is that of {}", found.set.id);
            found.set.id = id;
        }
        const auto signature = read_own(directory_of(id) / "set.sig");
        found.signature = signature ? parse_signature(*signature) : std::nullopt;
    } catch (const Error& error) {
        found.set.id = id;
        found.mistake = error.message();
    }
    return found;
}

fs::path Repository::begin(const std::string& id) const {
    remove_tree(part_of(id));
    make_directory(part_of(id), 0700, owner_);
    return part_of(id);
}

void Repository::finish(const Set& set, const std::optional<SigningKey>& key) const {
    const auto part = part_of(set.id);
    const auto text = to_json(set);
    write_file(part / "set.json", text, 0600, owner_);
    if (key) {
        write_file(part / "set.sig", to_json(sign_manifest(*key, text)), 0600, owner_);
    }
    flush(part);
    give_name(part, directory_of(set.id));
}

void Repository::copy_from(const Repository& other, const Found& found,
                           const std::function<void(std::uint64_t)>& progress) const {
    const auto& id = found.set.id;
    const auto part = begin(id);
    for (const auto& file : found.set.files) {
        const auto source = other.directory_of(id) / file.name;
        const Descriptor from(::open(source.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
        if (from.value < 0) {
            throw_file_error("read", source, errno);
        }
        const auto target = part / file.name;
        const Descriptor to(
            ::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (to.value < 0) {
            throw_file_error("write", target, errno);
        }
        Digest hash(Digest::Kind::sha256);
        read_blocks(from.value, source, [&](std::string_view bytes) {
            hash.add(bytes);
            write_all(to.value, bytes, target);
            progress(bytes.size());
        });
        if (hash.hex() != file.sha256) {
            throw Error(Code::backup_damaged,
                        fmt::format("{} of {} has other contents than it had", file.name, id))
                .with("repository", other.name());
        }
        if (::fsync(to.value) != 0 ||
            (owner_ && ::geteuid() == 0 && ::fchown(to.value, owner_->user, owner_->group) != 0)) {
            throw_file_error("write", target, errno);
        }
    }
    write_file(part / "set.json", found.json, 0600, owner_);
    if (found.signature) {
        write_file(part / "set.sig", to_json(*found.signature), 0600, owner_);
    }
    flush(part);
    give_name(part, directory_of(id));
}

void Repository::remove(const std::string& id) const {
    remove_tree(part_of(id));
    append_line(path_ / "removed", id, 0600, owner_);
    give_name(directory_of(id), part_of(id));
    remove_tree(part_of(id));
}

std::set<std::string> Repository::removed() const {
    std::set<std::string> ids;
    for (const auto& line : split(read_own(path_ / "removed").value_or(""), '\n')) {
        if (is_id(line)) {
            ids.insert(line);
        }
    }
    return ids;
}

std::vector<std::string> Repository::unfinished() const {
    std::vector<std::string> ids;
    for (const auto& name : names_in(path_ / "sets")) {
        if (name.starts_with('.') && name.ends_with(".part")) {
            ids.push_back(name.substr(1, name.size() - 6));
        }
    }
    return ids;
}

std::vector<std::string> Repository::remove_unfinished() const {
    auto removed = unfinished();
    for (const auto& id : removed) {
        remove_tree(part_of(id));
    }
    return removed;
}

std::vector<Hold> Repository::holds() const {
    const auto text = read_own(path_ / "holds.json");
    try {
        return text ? holds_of(*text) : std::vector<Hold>{};
    } catch (const std::exception&) {
        // Whoever removes sets must not take a file that cannot be read for one without holds.
        throw Error(
            Code::backup_damaged,
            fmt::format("{} cannot be read as a list of holds", (path_ / "holds.json").string()),
            "mend it: nothing is removed before");
    }
}

void Repository::set_holds(const std::vector<Hold>& holds) const {
    json::array array;
    for (const auto& hold : holds) {
        array.push_back(json::object{{"set", hold.set},
                                     {"reason", hold.reason},
                                     {"by", hold.by},
                                     {"at", hold.at},
                                     {"until", hold.until}});
    }
    write_file(path_ / "holds.json", json::serialize(array) + "\n", 0600, owner_);
}

std::vector<Damage> damage_of(const Repository& repository, const Set& set,
                              const std::function<void(std::uint64_t)>& progress) {
    std::vector<Damage> damages;
    for (const auto& file : set.files) {
        const auto path = repository.directory_of(set.id) / file.name;
        const Descriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
        struct stat status {};
        if (opened.value < 0 || ::fstat(opened.value, &status) != 0) {
            damages.push_back({file.name, errno == ENOENT ? "is missing" : "cannot be read"});
            continue;
        }
        if (static_cast<std::uint64_t>(status.st_size) != file.bytes) {
            damages.push_back(
                {file.name, fmt::format("has {} bytes instead of {}", status.st_size, file.bytes)});
            continue;
        }
        Digest hash(Digest::Kind::sha256);
        read_blocks(opened.value, path, [&](std::string_view bytes) {
            hash.add(bytes);
            if (progress) {
                progress(bytes.size());
            }
        });
        if (hash.hex() != file.sha256) {
            damages.push_back({file.name, "has other contents"});
        }
    }
    return damages;
}

}  // namespace caisson::backups
