// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/physical/restore_script.h"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/files.h"

namespace caisson::backups::physical {
namespace {

/// A data directory whose control file begins as that of a cluster with this identifier.
fs::path data_of(const fs::path& place, std::uint64_t identifier) {
    fs::create_directories(place / "global");
    std::string control(8192, '\0');
    control.replace(0, sizeof identifier, reinterpret_cast<const char*>(&identifier),
                    sizeof identifier);
    write_file(place / "global" / "pg_control", control);
    return place;
}

class OwnLog : public testing::Test {
 protected:
    OwnLog() { fs::create_directories(place_); }
    ~OwnLog() override { fs::remove_all(place_); }
    const fs::path place_ = fs::temp_directory_path() / ("caisson-own-log-" + random_uuid());
};

TEST_F(OwnLog, IsThatOfTheSameClusterAndOfNoOther) {
    const auto data = data_of(place_ / "data", 7712596595392058460U);
    EXPECT_EQ(own_log_of(data, "7712596595392058460"), data / "pg_wal");
    // A server that was made anew after the loss has segments of the same names.
    EXPECT_EQ(own_log_of(data, "7712596595392058461"), fs::path());
}

TEST_F(OwnLog, IsNotUsedWhenNobodyCanTellWhoseItIs) {
    EXPECT_EQ(own_log_of(place_ / "nothing", "7712596595392058460"), fs::path());
    fs::create_directories(place_ / "data" / "global");
    write_file(place_ / "data" / "global" / "pg_control", "cut");
    EXPECT_EQ(own_log_of(place_ / "data", "7712596595392058460"), fs::path());
}

}  // namespace
}  // namespace caisson::backups::physical
