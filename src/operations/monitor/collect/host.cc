// SPDX-License-Identifier: Apache-2.0
#include "operations/monitor/collect/host.h"

#include <array>
#include <charconv>
#include <functional>
#include <set>

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

namespace caisson::monitor {
namespace {

constexpr double kilo = 1024;

double number(std::string_view word) {
    double value = 0;
    const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (failure != std::errc() || end != word.data() + word.size()) {
        throw Error(Code::internal, fmt::format("\"{}\" is no number", word.substr(0, 40)));
    }
    return value;
}

std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    for (auto& word : split(line, ' ')) {
        if (!word.empty()) {
            words.push_back(std::move(word));
        }
    }
    return words;
}

/// The highest directory above it on the same file system.
fs::path mount_point(const fs::path& path, dev_t device) {
    std::error_code failure;
    auto point = fs::weakly_canonical(path, failure);
    if (failure) {
        return path;
    }
    while (point.has_relative_path()) {
        struct stat above {};
        if (::stat(point.parent_path().c_str(), &above) != 0 || above.st_dev != device) {
            break;
        }
        point = point.parent_path();
    }
    return point;
}

void read_disk(const fs::path& path, std::set<dev_t>& seen, Sample& sample) {
    struct stat status {};
    struct statvfs space {};
    if (::stat(path.c_str(), &status) != 0 || ::statvfs(path.c_str(), &space) != 0) {
        // Where it was mounted, nobody can say now: it may be any that is not there.
        sample.unknowns.push_back(
            {"disks", {}, fmt::format("{} cannot be looked at", path.string())});
        return;
    }
    if (!seen.insert(status.st_dev).second) {
        return;
    }
    const Labels labels = {{"mountpoint", mount_point(path, status.st_dev).string()}};
    const auto unit = static_cast<double>(space.f_frsize);
    const auto size = static_cast<double>(space.f_blocks) * unit;
    // What is kept for root is not there for a server: as df counts.
    const auto used = static_cast<double>(space.f_blocks - space.f_bfree) * unit;
    const auto free = static_cast<double>(space.f_bavail) * unit;
    sample.add("disks.size", size, labels);
    sample.add("disks.free", free, labels);
    if (used + free > 0) {
        sample.add("disks.used_percent", 100 * used / (used + free), labels);
    }
    if (space.f_files > 0) {
        sample.add("disks.inodes_used_percent",
                   100.0 * static_cast<double>(space.f_files - space.f_ffree) /
                       static_cast<double>(space.f_files),
                   labels);
    }
}

}  // namespace

void add_stat(std::string_view text, Sample& sample) {
    constexpr std::array<std::string_view, 8> modes = {"user",   "nice", "system",  "idle",
                                                       "iowait", "irq",  "softirq", "steal"};
    static const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    std::size_t cores = 0;
    for (const auto& line : split(text, '\n')) {
        const auto words = words_of(line);
        if (words.size() > modes.size() && words[0] == "cpu") {
            for (std::size_t i = 0; i < modes.size(); ++i) {
                sample.add("host.cpu_seconds", number(words[i + 1]) / ticks,
                           {{"mode", std::string(modes[i])}});
            }
        } else if (line.starts_with("cpu")) {
            ++cores;
        } else if (words.size() == 2 && words[0] == "btime") {
            sample.add("host.started_at", number(words[1]));
        }
    }
    if (cores == 0) {
        throw Error(Code::internal, "stat names no processor");
    }
    sample.add("host.cores", static_cast<double>(cores));
}

void add_load(std::string_view text, std::size_t cores, Sample& sample) {
    const auto words = words_of(trim(text));
    if (words.size() < 3) {
        throw Error(Code::internal, "loadavg has no three figures");
    }
    sample.add("host.load1", number(words[0]));
    sample.add("host.load5", number(words[1]));
    sample.add("host.load15", number(words[2]));
    if (cores > 0) {
        sample.add("host.load_per_core", number(words[1]) / static_cast<double>(cores));
    }
}

void add_memory(std::string_view text, Sample& sample) {
    double total = -1;
    double available = -1;
    double swap_total = 0;
    double swap_free = 0;
    for (const auto& line : split(text, '\n')) {
        const auto words = words_of(line);
        if (words.size() < 2) {
            continue;
        }
        double* const figure = words[0] == "MemTotal:"       ? &total
                               : words[0] == "MemAvailable:" ? &available
                               : words[0] == "SwapTotal:"    ? &swap_total
                               : words[0] == "SwapFree:"     ? &swap_free
                                                             : nullptr;
        if (figure) {
            *figure = number(words[1]) * kilo;
        }
    }
    if (total <= 0 || available < 0) {
        throw Error(Code::internal, "meminfo does not tell MemTotal and MemAvailable");
    }
    sample.add("host.memory_total", total);
    sample.add("host.memory_available", available);
    sample.add("host.memory_available_percent", 100 * available / total);
    sample.add("host.swap_used", swap_total - swap_free);
}

void add_vmstat(std::string_view text, Sample& sample) {
    for (const auto& line : split(text, '\n')) {
        const auto words = words_of(line);
        if (words.size() == 2 && words[0] == "oom_kill") {
            sample.add("host.oom_kills", number(words[1]));
            return;
        }
    }
    throw Error(Code::internal, "vmstat does not tell oom_kill");
}

void read_host(const HostPlaces& places, Sample& sample) {
    const auto part = [&](const char* file, std::initializer_list<std::string_view> metrics,
                          const std::function<void(const std::string&)>& add) {
        const auto before = sample.readings.size();
        try {
            add(read_file(places.proc / file));
        } catch (const Error& error) {
            sample.readings.resize(before);
            for (const auto metric : metrics) {
                sample.unknowns.push_back(
                    {std::string(metric),
                     {},
                     fmt::format("{}: {}", (places.proc / file).string(), error.message())});
            }
        }
    };
    std::size_t cores = 0;
    part("stat",
         {"host.cpu_seconds", "host.cpu_percent", "host.iowait_percent", "host.cores",
          "host.load_per_core"},
         [&](const auto& text) {
             add_stat(text, sample);
             cores = static_cast<std::size_t>(sample.readings.back().value);
         });
    part("loadavg", {"host.load1", "host.load5", "host.load15", "host.load_per_core"},
         [&](const auto& text) { add_load(text, cores, sample); });
    part("meminfo",
         {"host.memory_total", "host.memory_available", "host.memory_available_percent",
          "host.swap_used"},
         [&](const auto& text) { add_memory(text, sample); });
    part("vmstat", {"host.oom_kills", "host.new_oom_kills"},
         [&](const auto& text) { add_vmstat(text, sample); });
    sample.read_at["host"] = sample.at;
    std::set<dev_t> seen;
    for (const auto& path : places.disks) {
        read_disk(path, seen, sample);
    }
    sample.read_at["disks"] = sample.at;
}

}  // namespace caisson::monitor
