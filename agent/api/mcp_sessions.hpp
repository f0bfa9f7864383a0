// Sessions of the revisions of the protocol that have them. A session is nothing but its id, which carries a seal over
// whom it was opened for, so any daemon knows it again; what the store keeps is that one was ended, and what its client
// wants to hear of. An id is no authority: who asks has shown a key or a token of his own.
#pragma once

#include "agent/identity/caller.hpp"
#include "gateway/async/clock.hpp"
#include "gateway/crypto/mint.hpp"
#include "gateway/store/store.hpp"

#include <string>

namespace purser::mcp {

class Sessions {
 public:
  Sessions(Store& store, Mint& mint, Clock& clock) : store_(store), mint_(mint), clock_(clock) {}

  std::string open(const Caller& caller);
  // Errors: not_found for an id that was not given out, was given to another tenant or user, or has ended; the store's.
  Task<Result<void>> check(Caller caller, std::string id);
  // For good. Ending what has ended is no error.
  Task<Result<void>> end(Caller caller, std::string id);
  // The conversation of a session that named none.
  ThreadId thread_of(const Caller& caller, const std::string& id) const;

  // Whether the client of a session hears of a resource. Both may be repeated.
  Task<Result<void>> subscribe(std::string id, std::string uri);
  Task<Result<void>> unsubscribe(std::string id, std::string uri);
  Task<Result<bool>> subscribed(std::string id, std::string uri);

  // What a question, by its state, is answered with: the first answer that came, `answer` if there was none. A state
  // carries one answer, also to other daemons; the same may be brought again.
  Task<Result<std::string>> answer(std::string state, std::string answer);

 private:
  std::string seal(const Caller& caller, const std::string& token) const;
  // Once; a note that is there stands.
  Task<Result<void>> note(std::string scope, std::string key, std::string what);

  Store& store_;
  Mint& mint_;
  Clock& clock_;
};

}  // namespace purser::mcp
