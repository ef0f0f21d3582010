// Words that are floats.
typedef vector words;
INLINE words load_words(const word *from) { return load((const float *)from); }
INLINE words every_word(const char *from) { return every(*(const float *)from); }
INLINE vector add_product(vector sum, words a, words b) { return fma_of(a, b, sum); }
