// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/commits.h"

#include <chrono>

#include <fmt/format.h>
#include <unistd.h>
#include <zstd.h>

#include "base/crypto.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "lifecycle/servers/programs.h"

namespace caisson::backups::physical {
namespace {

using namespace std::chrono_literals;

/// "desc: COMMIT 2026-11-26 21:33:56.693123 UTC; …"
constexpr std::string_view mark = "desc: COMMIT ";

std::string moment_at(const std::string& output, std::size_t at) {
    const auto words = output.substr(at + mark.size(), 26);
    return words.substr(0, 10) + "T" + std::string(trim(words.substr(11))) + "Z";
}

/// It ends with an error where the log does.
Finished commits(const Engine& engine, const fs::path& pg_waldump,
                 const std::vector<std::string>& arguments) {
    Command command{{pg_waldump, "--rmgr=Transaction"},
                    {{"TZ", "UTC"}, {"LC_ALL", "C"}},
                    fs::path("/"),
                    engine.account(),
                    {}};
    command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
    return caisson::run(command, 60s);
}

/// Errors: backup_damaged.
std::string unpacked(std::string_view packed, std::uint64_t segment_bytes) {
    std::string text(segment_bytes, '\0');
    const auto size = ZSTD_decompress(text.data(), text.size(), packed.data(), packed.size());
    if (ZSTD_isError(size) != 0) {
        throw Error(Code::backup_damaged, "it cannot be decompressed");
    }
    text.resize(size);
    return text;
}

/// A directory for what is taken out of the archive, gone with the value.
class Probe {
 public:
    explicit Probe(const Engine& engine)
        : directory_(engine.configuration().parent_path() /
                     fmt::format("probe-{}-{}", ::getpid(), random_uuid().substr(0, 8))) {
        make_directory(directory_, 0700, engine.account());
    }
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;
    ~Probe() {
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
    }
    fs::path file(const std::string& name) const { return directory_ / name; }

 private:
    fs::path directory_;
};

}  // namespace

fs::path waldump_program(const trust::Run& run) {
    for (const auto& each : servers::installed_postgres(run.variables)) {
        std::error_code ignored;
        if (fs::exists(each.program("pg_waldump"), ignored)) {
            return each.program("pg_waldump");
        }
    }
    throw Error(Code::server_missing, "pg_waldump is not installed", "apt-get install postgresql");
}

std::optional<std::string> last_commit_in(const Engine& engine, const Depot& depot,
                                          const std::string& stanza, const ArchivedSegment& segment,
                                          std::uint64_t segment_bytes, const fs::path& pg_waldump) {
    const Probe probe(engine);
    const auto name = segment_name(segment.segment, segment_bytes);
    const auto file = probe.file(name);
    const auto stored = engine.run(stanza, "repo-get",
                                   {"--repo=" + std::to_string(depot.number),
                                    segment.path.lexically_relative(depot.path).string()});
    const bool is_packed = segment.path.extension() == ".zst";
    const auto text = is_packed ? unpacked(stored.output, segment_bytes) : stored.output;
    if (sha1_hex(text) != segment.sha1) {
        throw Error(Code::backup_damaged,
                    fmt::format("segment {} of repository {} has other contents than it had", name,
                                depot.name));
    }
    write_file(file, text, 0600, engine.account());
    const auto output = commits(engine, pg_waldump, {file}).output;
    const auto at = output.rfind(mark);
    return at == std::string::npos ? std::nullopt : std::optional(moment_at(output, at));
}

FirstCommit first_commit_after(const Engine& engine, const fs::path& data, std::uint32_t timeline,
                               Lsn lsn, const fs::path& pg_waldump) {
    const auto finished =
        commits(engine, pg_waldump,
                {"--path=" + (data / "pg_wal").string(), fmt::format("--timeline={}", timeline),
                 "--start=" + lsn_text(lsn), "--limit=100"});
    if (const auto at = finished.output.find(mark); at != std::string::npos) {
        return {true, moment_at(finished.output, at)};
    }
    // A segment that is not there says nothing about what was in it.
    const bool is_away = finished.errors.find("could not find file") != std::string::npos ||
                         finished.errors.find("could not open") != std::string::npos;
    return {!is_away, std::nullopt};
}

}  // namespace caisson::backups::physical
