// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/restore_script.h"

#include <cstdint>
#include <cstring>

#include <fmt/format.h>

#include "base/files.h"
#include "base/text.h"
#include "operations/backups/physical/stream.h"

namespace caisson::backups::physical {
namespace {

std::string word(const std::string& text) { return "'" + replace_all(text, "'", "'\\''") + "'"; }

}  // namespace

std::string restore_script(const trust::Run& run, const Engine& engine, const RestorePlan& plan,
                           const fs::path& data) {
    const auto depot = depot_named(run, plan.repository);
    auto script = fmt::format(
        "#!/bin/sh\n# Written by Caisson for one restore: gives a segment of the log.\n"
        "name=$1 to=$2\n"
        "{} {} {} --repo={} {} archive-get \"$name\" \"$to\"\n"
        "status=$?\n"
        "if [ $status -eq 0 ]; then\n"
        "  [ ${{#name}} -eq 24 ] || exit 0\n"
        "  for file in {}/\"$(printf %.16s \"$name\")\"/\"$name\"-*; do\n"
        "    [ -f \"$file\" ] || exit 0\n"
        "    hash=${{file##*/\"$name\"-}}\n"
        "    [ \"$(sha1sum < \"$to\" | cut -c 1-40)\" = \"$(printf %.40s \"$hash\")\" ] && exit 0\n"
        "  done\n"
        "  echo \"FATAL:  segment $name of the archive has other contents than it had\" >&2\n"
        "  rm -f \"$to\"\n  exit 255\n"
        "fi\n"
        "if [ $status -gt 1 ]; then\n"
        "  echo \"FATAL:  segment $name of the archive cannot be read\" >&2\n  exit 255\n"
        "fi\n",
        word(engine.program()), word("--config=" + engine.configuration().string()),
        word("--stanza=" + plan.stanza), plan.depot, word("--pg1-path=" + data.string()),
        word((depot.path / "archive" / plan.stanza / plan.archive_id).string()));
    // A whole segment of the stream before that of a server that was killed, and a torn one last.
    const auto give = [&](const std::string& file) {
        script += fmt::format("if [ -f {0} ]; then cp {0} \"$to\" && exit 0; exit 255; fi\n", file);
    };
    const auto stream = word(stream_directory(run, plan.set.system_identifier)) + "/\"$name\"";
    if (plan.uses_stream) {
        give(stream);
    }
    if (!plan.own_log.empty()) {
        give(word(plan.own_log) + "/\"$name\"");
    }
    if (plan.uses_stream) {
        give(stream + ".partial");
    }
    return script + "exit 1\n";
}

fs::path own_log_of(const fs::path& data, const std::string& system_identifier) {
    const auto control = read_own(data / "global" / "pg_control");
    std::uint64_t identifier = 0;
    if (!control || control->size() < sizeof identifier) {
        return {};
    }
    std::memcpy(&identifier, control->data(), sizeof identifier);
    return std::to_string(identifier) == system_identifier ? data / "pg_wal" : fs::path();
}

}  // namespace caisson::backups::physical
