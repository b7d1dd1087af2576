//! Kafka's murmur2: a request with a key goes to the partition that a Java client would choose.

const SEED: u32 = 0x9747_b28c;
const M: u32 = 0x5bd1_e995;
const R: u32 = 24;

/// The partition that Kafka's default partitioner chooses for `key`; 0 if there are no partitions.
///
/// ```
/// assert_eq!(antiphon_proto::partition_for_key(b"abc", 7), 479_470_107 % 7);
/// ```
pub fn partition_for_key(key: &[u8], partitions: u32) -> u32 {
    let positive = murmur2(key).cast_unsigned() & 0x7fff_ffff;
    positive.checked_rem(partitions).unwrap_or(0)
}

/// Kafka's variant of murmur2, as a signed number like in Java.
pub fn murmur2(data: &[u8]) -> i32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the algorithm mixes in the length modulo 2^32"
    )]
    let mut h = SEED ^ data.len() as u32;
    let (words, tail) = data.as_chunks::<4>();
    for word in words {
        h = h.wrapping_mul(M) ^ scramble(u32::from_le_bytes(*word));
    }
    if !tail.is_empty() {
        let last = tail
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | u32::from(*byte));
        h = (h ^ last).wrapping_mul(M);
    }
    h = (h ^ (h >> 13)).wrapping_mul(M);
    (h ^ (h >> 15)).cast_signed()
}

fn scramble(word: u32) -> u32 {
    let k = word.wrapping_mul(M);
    (k ^ (k >> R)).wrapping_mul(M)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_agree_with_the_published_kafka_vectors() {
        let vectors: [(&[u8], i32); 6] = [
            (b"21", -973_932_308),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (
                b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            (b"abc", 479_470_107),
        ];
        for (key, hash) in vectors {
            assert_eq!(murmur2(key), hash);
        }
    }

    #[test]
    fn the_partition_is_the_positive_hash_modulo_the_partitions() {
        assert_eq!(partition_for_key(b"abc", 7), 479_470_107 % 7);
        assert_eq!(
            partition_for_key(b"21", 10),
            (-973_932_308_i32).cast_unsigned() % 0x8000_0000 % 10
        );
        assert_eq!(partition_for_key(b"21", 0), 0);
    }
}
