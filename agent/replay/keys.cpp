#include "agent/replay/keys.hpp"

#include <stdexcept>
#include <string>

namespace purser::replay {
namespace {

// PKCS #8.
constexpr char kMerchant[] =
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC6+bh8QqnB8pDu\n"
    "wFXjgDQUPvX/982hP52frC67dq5QJbHUDanAySYwb6RYnmklT6dSh51I8soFNRV9\n"
    "ZjNlzs1wgkDaJrK51iEg8zP3/7VdFFmJDlBy5S59dpf04/ONApD8SkokBUIcIlEz\n"
    "p2If4wyaoTKbCBY7vjWadySkiJHy4ojyohS76QUIpWyVzOjiqsamMkIaSvVlvhIx\n"
    "Opj5EorXsCwgKDmPampn0QsJE+OtASO7v0a6BtHruEoguJrdfoos8pg38+eOw2Ik\n"
    "Em20GoC3GYAIoQNJxmmF2WTjLmmzhFj2DQt4PsTI5h41/Ynr758GHnVPBdLf2Anh\n"
    "4MjnVLZhAgMBAAECggEABXevqvOxzkMYUHL9YkNFC71flsPiuwqGwrz8Ff+PvRGt\n"
    "HWmc3r0MN42FWOzqFn9eOMl1ACDzsD1LSt2YW3TH9pPayn0oEIJCVOMMUGvJ98PU\n"
    "bm+4Aar2SFnMclPQsv1WXXW4Y99C639oQnkjR9sj/RIl8tSgIvUaPr8XKjf4JuVU\n"
    "+o5Jnfaah2+agd9bkx2FIsT+OkjpBGn7ch8cjeGzOV2JoloBgpQtEoQ+IZ8B1755\n"
    "x61Ry9KX2gl8k9NQiokKLuDnFI6XTEimcPMCjyMe89RDG7RSwqbULS/b8GOUhsqv\n"
    "mzBtGevUEANYa+1WItTPAyHlNjGCBjNSeGEqXjN3RQKBgQDshrcXnVk5wTDGOFo4\n"
    "Y1UwJX4FRaA1rT/qFUUK09HYvmKZh84y+0FrXl4vDoEYHD7s67HlpOj3qHn3mAFE\n"
    "/7f4jK4qJVaOlFlbTEynamKQPpheySFQrm6Ye4tqXaJbhVyeO0zdDVb/zwo7DMlI\n"
    "fZUuusQfv+txjMnCMOQMLng4HwKBgQDKXp6dNlkTAdxkrLL6XLlXCCOH3di8rmq/\n"
    "sQ62Qlbut5dUNUgzkzDPRlbHHryLWIkRBt1hFSQUOrTNwA1yW732OVwUVvnhw3sV\n"
    "6i9LJN+jqvg8aGS/W5Ccnehh4X8b90NKHhy299fzouZh2wPGqoK5lNXQMb9riOGS\n"
    "+daHQm9BfwKBgDcU0EKhlAvNH6yppukGyOnjcUuNAVg+tmmu9lslJPNSsueKJszc\n"
    "kkmMumY+/HU+7rCB2vXdx5sVEwJD1dfZrWAmctDBzTx686w9QoSiU72/tgAs2qNN\n"
    "W9gKvVbR42No1T7MFIRN/PqpnnpN6foFtN4jBFVYfl39KWcdt53WnIyFAoGAL6Ff\n"
    "kb8V7fxVJDjlkzm5wbs/qZ3UgmxG4cFJpiotDdiWPJKh4Mm3BkIW8JzSYbW/5QsJ\n"
    "le0E5eH/ZiHayFzBdC+B9aOXAsUgtkK9SOFv5bS64nTrqYJiogokhM0vPqTO6KX3\n"
    "ujTRVh20PbnvxJWjWQyn2m2rESNRfGdjT8iaKP8CgYEAmcgmhMQKw7lPsqw0sjdm\n"
    "Mk3Q/4QaoVYZMHQcHSUCpG+3ubC8V6j4q70AV99IzXFr07AiO3vWibNdE/v/72hN\n"
    "hw/qG2zDBVjJAL0uiHME8zCpjQuFykHBgiOGrxvpbkGdg1pxT/zPHC1pnjtnHICY\n"
    "cMzLX1Bgf1tInr6WG2PWfkw=\n";
constexpr char kPlatform[] =
    "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCyDTkzFcFL1oS5\n"
    "xFa6nS0esEYF6GqvNeMBSWLHGLAoxnKPZ57Hc5uwrxJcgJAcJXhdXG3eC4Gd6dJT\n"
    "GedhQPFlAZ+oI/YBGl66FkVBtlmqZ2t5KohEVdkU/0g5Wq/NNOaKl2qTZ+E3daYF\n"
    "werTyrSRaZ3t/R97aspnQiQvxuGU5eVzrHbb++6aKMoJA+5brQdyVh67cAGd7JXV\n"
    "fAu8PzltOV9NQTxYGwutddSfHRXtiDRN9dVgs2zaSh3rFhcDfF1BEZoI3XR/hjXl\n"
    "tCrcsFpqp/n683okAvYhFmICaEFya8RJ1Kd0P9s3LzZICAM6n8Nu6Ql4jieumBWb\n"
    "yIVIWbYtAgMBAAECggEAK0Q+WZUYRysGTrQQ1UE7hSEVqvra7d+83YOtPq9Xo1jx\n"
    "3rox4crMkwdAAX12R3itgpZi1lnacfqvUuVRDhd/cWmPGAdBEOyNB1BBHSJIMLn3\n"
    "6lY1DdIEse8E6HcKkGWh/hykV9Se7GCo6u4/955i+ZD+QSZI369IJwZyD7AXAhzh\n"
    "R5ds+8Yb5t8iQbBsp5xkEZSZgGsm5TFSF2sqbFgMv/A3EQnH1e5HDw0BUu/gftvT\n"
    "V83PYRLGcZw8PrFYszCsuT1UgRgCw5j0nNBfG5v1bgoQ6hqXxJ+WC305PUUdrQLG\n"
    "ct4AzCFh+nYeyrWhMzkCkMPhKSVvoEmZcPT8c4MC2wKBgQDqmPzE43tj1PhJsUYm\n"
    "ZXxTjc3EgbAXaprhDhfwNXkTWjWC+R7Zn/ZcbsuqrvvT9VuVb+7yEFT61ayRbXYA\n"
    "7a1SFKU8uqQowf5x2FieZh9zzVpOfhlaNQpajI87PFQUffci9Pj0DOUelMjKhgZj\n"
    "4j0hxZETkSjiIdH9nU64Z/ZWgwKBgQDCS5vbjZpW4YdiQvITOTrLeZeMxcygAF/f\n"
    "H8xvktrNq7wYK9ZOLiestSztO3YiTFZIiQVJGgyuLhPeuxYHdus/lDOf1zB3C1Q+\n"
    "GJw6ItjeB9C+s9PyLlUdo/zU7cML9ZDHJTBjdAz5GCmvovmgbLVjYhOemdlV82A9\n"
    "ZCqb6Z2hjwKBgGm1tDiX9LLAdXznV5/XnRUdUboZYhq7G70Ll7fSsJMK1BAHZ2JS\n"
    "1TVDa5ymqq0Q40rMHFSRDWnVvKPvOfwjHTVePjLGO1BuUdRE03HUvJl20BmMcqoW\n"
    "Omsg6S2c+podRK5IyqFV6ixEiNHRYLHDcR51ovC5OT3kVXY9Wwp3NiY3AoGBAJhc\n"
    "Mhw5Lo5yzHeBh9MLTc/BydXaRlwx7vxJM0dLIcmmohlSRvuHthT4/gIKXtkGg6Ld\n"
    "0AdDJi5wc6R1kRDJcDCrRtBRLvArMiR/qALu0KFL/6WL3uhK7PQRZHKVAB6gsqd3\n"
    "wjo7BvFOwWG5q4bhuFv2zOvSOVvtPcrmgYNB7xqBAoGBAKiGvG1j/A63o9JUIPqD\n"
    "hNlkhykrX78cNTmb8BRbcEIRxX1NtD8NJH5O932rk2Wgfd80eO2KXOqWWYMWPj2e\n"
    "ebqo/Qdmf8poENjinLVDSV4kHWIeQAXMBCIZdmLVodDZVDxs6aucZ+3UpekrrlNW\n"
    "Qx+FRYnhfS7WNTh25kzlQqRM\n";

crypto::PrivateKey read(const char* base64) {
  const std::string kind = "PRIVATE KEY-----\n";
  auto key = crypto::PrivateKey::from_pem(Secret("-----BEGIN " + kind + base64 + "-----END " + kind));
  if (!key) throw std::runtime_error("the replay's keys cannot be read: " + key.error().message);
  return *std::move(key);
}

}  // namespace

crypto::PrivateKey merchant_key() {
  return read(kMerchant);
}
crypto::PrivateKey platform_key() {
  return read(kPlatform);
}

}  // namespace purser::replay
