// Any bytes as a settings file, an environment value and an argument: problems, never a crash, and
// never the secret in a message.
// uses: services/runtime
#include <cstdlib>
#include <fstream>
#include <string>

#include <unistd.h>

#include "services/runtime/config.h"

namespace {

std::vector<qd::runtime::Setting> settings()
{
    using enum qd::runtime::SettingType;
    return {{.key = "a.text", .type = Text, .help = "x", .allowed = {"one", "two"}},
            {.key = "a.secret", .type = Secret, .help = "x", .required = true},
            {.key = "a.number", .type = Integer, .help = "x", .min = -5, .max = 5},
            {.key = "a.flag", .type = Boolean, .help = "x"},
            {.key = "b.time", .type = Duration, .help = "x"},
            {.key = "b.url", .type = Url, .help = "x"},
            {.key = "b.path", .type = Path, .help = "x"},
            {.key = "b.list", .type = List, .help = "x"}};
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size)
{
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    const std::string path = "/tmp/quarterdeck-fuzz-config-" + std::to_string(getpid());
    std::ofstream(path, std::ios::binary) << text;
    const std::string secret = "a-secret-that-no-input-contains";
    if (text.find(secret) != std::string::npos) return 0; // the fuzzer sees what is compared
    qd::runtime::Config::Sources sources{.file = path,
                                         .environment = {{"QUARTERDECK_A_SECRET", secret},
                                                         {"QUARTERDECK_A_NUMBER", text},
                                                         {"QUARTERDECK_B_TIME", text}},
                                         .arguments = {"--b-url=" + text, text}};
    const auto loaded = qd::runtime::Config::load(settings(), sources);
    if (!loaded && describe(loaded.error()).find(secret) != std::string::npos) std::abort();
    if (loaded && loaded->has("b.time")) static_cast<void>(loaded->duration("b.time"));
    return 0;
}
