// SPDX-License-Identifier: Apache-2.0
/// On texts as a kernel 6.1 gave them.
#include "operations/monitor/collect/host.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "operations/monitor/sample/derive.h"
#include "tests/support/postgres.h"

namespace caisson::monitor {
namespace {

using namespace std::chrono_literals;

constexpr const char* stat =
    "cpu  1000 200 300 8000 500 0 10 40 0 0\ncpu0 500 100 150 4000 250 0 5 20 0 0\n"
    "cpu1 500 100 150 4000 250 0 5 20 0 0\nintr 52 0 0\nctxt 118325002\nbtime 1795690724\n"
    "processes 1150937\n";
constexpr const char* later =
    "cpu  1060 200 320 8080 540 0 10 40 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0\n"
    "btime 1795690724\n";
constexpr const char* memory =
    "MemTotal:       24684096 kB\nMemFree:        13550972 kB\nMemAvailable:    6171024 kB\n"
    "SwapTotal:       1000 kB\nSwapFree:          600 kB\nHugePages_Total:       0\n";

struct Recorded {
    Recorded() {
        directory.write("stat", stat);
        directory.write("loadavg", "9.69 8.51 7.61 20/228 15380\n");
        directory.write("meminfo", memory);
        directory.write("vmstat", "nr_free_pages 1\noom_kill 3\n");
    }
    Sample read() const {
        Sample sample;
        read_host({directory.path(), {}}, sample);
        sample.finish();
        return sample;
    }
    test::Directory directory;
};

TEST(Host, ReadsWhatTheKernelSays) {
    const auto sample = Recorded().read();
    EXPECT_EQ(value_of(sample, "host.cores"), 2);
    EXPECT_EQ(value_of(sample, "host.cpu_seconds", {{"mode", "idle"}}), 80);
    EXPECT_EQ(value_of(sample, "host.started_at"), 1795690724);
    EXPECT_EQ(value_of(sample, "host.load5"), 8.51);
    EXPECT_EQ(value_of(sample, "host.load_per_core"), 8.51 / 2);
    EXPECT_EQ(value_of(sample, "host.memory_total"), 24684096.0 * 1024);
    EXPECT_EQ(value_of(sample, "host.memory_available_percent"), 25);
    EXPECT_EQ(value_of(sample, "host.swap_used"), 400 * 1024);
    EXPECT_EQ(value_of(sample, "host.oom_kills"), 3);
    EXPECT_TRUE(sample.unknowns.empty());
}

TEST(Host, BusyIsWhatIsNeitherIdleNorWaiting) {
    const Recorded recorded;
    Deriver derive(30s);
    auto before = recorded.read();
    derive.add(before, 0s);
    recorded.directory.write("stat", later);
    recorded.directory.write("vmstat", "oom_kill 5\n");
    auto now = recorded.read();
    derive.add(now, 30s);
    EXPECT_NEAR(value_of(now, "host.cpu_percent").value_or(-1), 40, 1e-6);
    EXPECT_NEAR(value_of(now, "host.iowait_percent").value_or(-1), 20, 1e-6);
    EXPECT_EQ(value_of(now, "host.new_oom_kills"), 2);
}

TEST(Host, AFileThatIsMissingOrBrokenIsUnknownAndHidesNoOther) {
    const Recorded recorded;
    fs::remove(recorded.directory.path() / "meminfo");
    recorded.directory.write("loadavg", "much\n");
    const auto sample = recorded.read();
    EXPECT_EQ(value_of(sample, "host.memory_total"), std::nullopt);
    ASSERT_NE(unknown_of(sample, "host.memory_available_percent"), nullptr);
    ASSERT_NE(unknown_of(sample, "host.load5"), nullptr);
    EXPECT_EQ(unknown_of(sample, "host.oom_kills"), nullptr);
    EXPECT_EQ(value_of(sample, "host.cores"), 2);
}

TEST(Host, AFileSystemCountsOnceAndOneThatIsNotThereIsUnknown) {
    const test::Directory directory;
    fs::create_directories(directory.path() / "a");
    fs::create_directories(directory.path() / "b");
    Sample sample;
    read_host({"/proc", {directory.path() / "a", directory.path() / "b", directory.path() / "c"}},
              sample);
    sample.finish();
    EXPECT_EQ(series_of(sample, "disks.free").size(), 1U);
    EXPECT_GT(value_of(sample, "disks.size").value_or(0), 0);
    const auto used = value_of(sample, "disks.used_percent").value_or(-1);
    EXPECT_TRUE(used >= 0 && used <= 100) << used;
    ASSERT_NE(unknown_of(sample, "disks.free", {{"mountpoint", "/where/it/was/mounted"}}), nullptr)
        << "an alert has the mount point, not the path";
    EXPECT_EQ(unknown_of(sample, "disks.free")->why,
              (directory.path() / "c").string() + " cannot be looked at");
}

}  // namespace
}  // namespace caisson::monitor
