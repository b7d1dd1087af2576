use super::Mutant;

macro_rules! mutants {
    ($($name:ident: $what:literal;)*) => {
        /// All seeded bugs, by the part that contains them.
        pub const ALL: &[Mutant] = &[$(Mutant { name: stringify!($name), what: $what }),*];
    };
}

mutants! {
    // The protocol core.
    id_by_slot_only: "a reply is matched by its slot alone, so a late reply ends the next call of the slot";
    ids_repeat: "the calls of a slot all have the same id: neither generation nor salt changes";
    salt_not_compared: "an id with the wrong salt matches the call, so ids can be guessed";
    token_by_slot_only: "the report of a failed send ends the call that is in the slot now";
    sweep_misses_last_slot: "the sweep of deadlines stops one slot too early";
    commit_over_gap: "the commit follows the newest request that is done, although older requests are not";
    commit_one_too_far: "the committed offset is one beyond the next request";
    one_service_votes_twice: "a gather counts replies, not services";
    minimum_off_by_one: "a gather succeeds with one reply fewer than its minimum";
    last_header_trusted: "a request is assumed to name the reply partition of the request before it";

    // The client.
    dropped_call_keeps_slot: "a call stays in the table after its caller drops it";
    failed_send_keeps_slot: "a call stays in the table after its send fails at once";
    unsent_call_keeps_place: "a call that ends before it is sent keeps its place under the limits";
    freed_place_not_told: "a caller that waits for a place is not woken when one becomes free";
    timeout_begins_at_send: "the time that a call waits for a place does not count towards its timeout";
    timeout_beats_arrived_reply: "a deadline that has passed is enforced before the replies that have arrived are handled";
    flood_stops_sweep: "no deadline is enforced while replies arrive without a pause";
    waker_not_renewed: "a call that moves to another task still wakes the previous task";
    no_on_possibly_persisted: "a request whose acknowledgement was lost is reported as not executed";
    timeout_says_no: "a call without a reply is reported as not executed";
    closed_says_no: "a call that was sent and then ended by a close is reported as not executed";
    service_error_says_no: "an error of a service is reported as not executed, whatever the service says";
    below_minimum_says_no: "a gather below its minimum is reported as not executed when one of its targets did not run";
    path_lost_not_told: "the reply path is recreated at the end of the topic, and pending calls are not failed";
    path_lost_stays_ready: "calls are sent while the reply path is lost";
    close_leaves_calls: "a close does not end the calls that still wait";

    // The service.
    commit_when_read: "a request is done as soon as it is read";
    commit_before_reply: "a request is done as soon as its reply is handed to the producer, acknowledged or not";
    nothing_committed: "no offset is ever committed";
    reply_topic_unchecked: "a reply goes to any topic that the request names";
    reply_partition_ignored: "a reply goes to the partition of its id, not to the partition that the request names";
    expired_request_is_run: "a request that had expired when it was read still runs";
    expired_says_no: "a request that had expired when it was read is reported as not executed";
    panic_says_no: "a request whose handler panicked is reported as not executed";
    too_large_reply_says_no: "a request whose reply was too large is reported as not executed";
    error_reply_has_key: "an error is sent with the key that marks a plain success";
    failed_reply_given_up: "a reply whose send failed is not sent again";
    reply_resent_once: "a reply whose send failed twice is not sent again";
    reply_resent_for_ever: "a reply is sent again although its caller no longer waits";
    given_up_reply_keeps_place: "a reply that is given up still counts as unacknowledged";
    malformed_request_never_done: "a request that cannot be read is never done, so no later offset is committed";
    left_request_is_done: "a request that is left to the next owner of the partition is committed";
    revoke_does_not_wait: "revoked partitions are released while their handlers run";
    revoked_partition_goes_on: "revoked partitions are kept: their requests run, and their offsets are committed";
    reassigned_partition_is_stale: "requests of a partition that is assigned again are counted in its former assignment";
    drain_before_acknowledged: "a drain ends when the handlers end, before their replies are acknowledged";
    ended_handler_keeps_place: "the place of a handler that has ended does not become free";
    concurrency_not_limited: "more handlers run at once than the limit allows";
}
